#pragma once
// Arithmetic with broadcasting. Shapes are aligned at their last axes; an axis that is missing or
// of extent 1 is repeated.

#include <type_traits>

#include <xgrad/core/tensor.hpp>

namespace xgrad::kernels {

/// y = a op b, where the shapes of a and b broadcast to that of y. y may share memory with an
/// operand of its own shape.
template <class T>
void add(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y);
template <class T>
void sub(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y);
template <class T>
void mul(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y);
template <class T>
void div(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y);
/// y = -(a / b)
template <class T>
void neg_div(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y);

// With a number.
template <class T>
void add(const Tensor<T>& x, std::type_identity_t<T> s, Tensor<T>& y);
template <class T>
void sub(std::type_identity_t<T> s, const Tensor<T>& x, Tensor<T>& y);
template <class T>
void mul(const Tensor<T>& x, std::type_identity_t<T> s, Tensor<T>& y);
template <class T>
void div(const Tensor<T>& x, std::type_identity_t<T> s, Tensor<T>& y);
template <class T>
void div(std::type_identity_t<T> s, const Tensor<T>& x, Tensor<T>& y);

/// The opposite of broadcasting: out = x summed over the axes along which out's shape is repeated
/// to make x's. For gradients of broadcast operands.
template <class T>
void sum_to(const Tensor<T>& x, Tensor<T>& out);
/// The same for x y, where y broadcasts to the shape of x.
template <class T>
void sum_of_product_to(const Tensor<T>& x, const Tensor<T>& y, Tensor<T>& out);

}  // namespace xgrad::kernels
