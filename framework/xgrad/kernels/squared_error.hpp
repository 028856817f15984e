#pragma once

#include <xgrad/core/tensor.hpp>

namespace xgrad::kernels {

/// y = (a - b)^2
template <class T>
void squared_error(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y);
/// sum((a - b)^2)
template <class T>
double squared_error_sum(const Tensor<T>& a, const Tensor<T>& b);
/// da = factor dy (a - b); dy has the shape of a, or one element for all.
template <class T>
void squared_error_grad(const Tensor<T>& a, const Tensor<T>& b, const Tensor<T>& dy, T factor,
                        Tensor<T>& da);

}  // namespace xgrad::kernels
