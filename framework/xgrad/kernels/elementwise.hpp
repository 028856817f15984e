#pragma once
// Elementwise kernels over whole tensors of one shape. Outputs may share memory with inputs. A NaN
// in gives a NaN out.

#include <type_traits>

#include <xgrad/core/tensor.hpp>

namespace xgrad::kernels {

template <class T>
void tanh(const Tensor<T>& x, Tensor<T>& y);
/// dx = dy (1 - y^2)
template <class T>
void tanh_grad(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx);

/// y = max(x, 0); of a zero, itself
template <class T>
void relu(const Tensor<T>& x, Tensor<T>& y);
/// dx = dy where y > 0, else 0
template <class T>
void relu_grad(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx);

/// y = 1 / (1 + exp(-x))
template <class T>
void sigmoid(const Tensor<T>& x, Tensor<T>& y);
/// dx = dy y (1 - y)
template <class T>
void sigmoid_grad(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx);

template <class T>
void exp(const Tensor<T>& x, Tensor<T>& y);
template <class T>
void log(const Tensor<T>& x, Tensor<T>& y);

template <class T>
void sqrt(const Tensor<T>& x, Tensor<T>& y);
/// dx = dy / (2 y)
template <class T>
void sqrt_grad(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx);

/// y = x^p
template <class T>
void pow(const Tensor<T>& x, std::type_identity_t<T> p, Tensor<T>& y);
/// dx = dy p x^(p - 1); 0 for p = 0
template <class T>
void pow_grad(const Tensor<T>& x, std::type_identity_t<T> p, const Tensor<T>& dy, Tensor<T>& dx);

}  // namespace xgrad::kernels
