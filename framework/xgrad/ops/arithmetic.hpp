#pragma once
// + - * / of two variables, or of a variable and a number, as functions and as operators.
//
// Shapes broadcast as in NumPy: they are aligned at their last axes, and an axis that is missing or
// of extent 1 is repeated to match the other. The gradient of a repeated input is summed over the
// repetitions. Throws ShapeError for shapes that do not broadcast.

#include <type_traits>
#include <utility>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

inline constexpr OpInfo add_op{"add", "a, b", "y = a + b\nda = dy, db = dy"};
inline constexpr OpInfo sub_op{"sub", "a, b", "y = a - b\nda = dy, db = -dy"};
inline constexpr OpInfo mul_op{"mul", "a, b", "y = a b\nda = dy b, db = dy a"};
inline constexpr OpInfo div_op{"div", "a, b", "y = a / b\nda = dy / b, db = -dy y / b"};
inline constexpr OpInfo add_scalar_op{"add_scalar", "x", "y = x + s\ndx = dy"};
inline constexpr OpInfo rsub_scalar_op{"rsub_scalar", "x", "y = s - x\ndx = -dy"};
inline constexpr OpInfo mul_scalar_op{"mul_scalar", "x", "y = x s\ndx = dy s"};
inline constexpr OpInfo div_scalar_op{"div_scalar", "x", "y = x / s\ndx = dy / s"};
inline constexpr OpInfo rdiv_scalar_op{"rdiv_scalar", "x", "y = s / x\ndx = -dy s / x^2"};

template <class T>
Variable<T> add(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> sub(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> mul(Variable<T> a, Variable<T> b);
template <class T>
Variable<T> div(Variable<T> a, Variable<T> b);

// With a number, which takes no gradient.
template <class T>
Variable<T> add(Variable<T> x, std::type_identity_t<T> s);
template <class T>
Variable<T> sub(Variable<T> x, std::type_identity_t<T> s);
template <class T>
Variable<T> sub(std::type_identity_t<T> s, Variable<T> x);
template <class T>
Variable<T> mul(Variable<T> x, std::type_identity_t<T> s);
template <class T>
Variable<T> div(Variable<T> x, std::type_identity_t<T> s);
template <class T>
Variable<T> div(std::type_identity_t<T> s, const Variable<T>& x);

template <class T>
Variable<T> operator+(Variable<T> a, Variable<T> b) {
  return add(std::move(a), std::move(b));
}
template <class T>
Variable<T> operator-(Variable<T> a, Variable<T> b) {
  return sub(std::move(a), std::move(b));
}
template <class T>
Variable<T> operator*(Variable<T> a, Variable<T> b) {
  return mul(std::move(a), std::move(b));
}
template <class T>
Variable<T> operator/(Variable<T> a, Variable<T> b) {
  return div(std::move(a), std::move(b));
}

template <class T>
Variable<T> operator+(Variable<T> x, std::type_identity_t<T> s) {
  return add(std::move(x), s);
}
template <class T>
Variable<T> operator+(std::type_identity_t<T> s, Variable<T> x) {
  return add(std::move(x), s);
}
template <class T>
Variable<T> operator-(Variable<T> x, std::type_identity_t<T> s) {
  return sub(std::move(x), s);
}
template <class T>
Variable<T> operator-(std::type_identity_t<T> s, Variable<T> x) {
  return sub(s, std::move(x));
}
template <class T>
Variable<T> operator*(Variable<T> x, std::type_identity_t<T> s) {
  return mul(std::move(x), s);
}
template <class T>
Variable<T> operator*(std::type_identity_t<T> s, Variable<T> x) {
  return mul(std::move(x), s);
}
template <class T>
Variable<T> operator/(Variable<T> x, std::type_identity_t<T> s) {
  return div(std::move(x), s);
}
template <class T>
Variable<T> operator/(std::type_identity_t<T> s, const Variable<T>& x) {
  return div(s, x);
}

}  // namespace xgrad
