#pragma once
// Elementwise kernels over whole tensors of one shape. Outputs may share memory with inputs.

#include <xgrad/core/tensor.hpp>

namespace xgrad::kernels {

/// y = tanh(x)
template <class T>
void tanh(const Tensor<T>& x, Tensor<T>& y);
/// dx = dy (1 - y^2)
template <class T>
void tanh_grad(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx);

}  // namespace xgrad::kernels
