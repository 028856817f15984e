#pragma once
// Ops that act on every element alone. The shape of the result is that of x. A NaN in gives a NaN
// out.

#include <type_traits>
#include <utility>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

inline constexpr OpInfo tanh_op{"tanh", "x", "y = tanh(x)\ndx = dy (1 - y^2)"};
inline constexpr OpInfo relu_op{"relu", "x", "y = max(x, 0)\ndx = dy where x > 0, else 0"};
inline constexpr OpInfo sigmoid_op{"sigmoid", "x", "y = 1 / (1 + exp(-x))\ndx = dy y (1 - y)"};
inline constexpr OpInfo exp_op{"exp", "x", "y = exp(x)\ndx = dy y"};
inline constexpr OpInfo log_op{"log", "x", "y = log(x)\ndx = dy / x"};
inline constexpr OpInfo sqrt_op{"sqrt", "x", "y = sqrt(x)\ndx = dy / (2 y)"};
inline constexpr OpInfo pow_op{"pow", "x", "y = x^p\ndx = dy p x^(p - 1)"};
inline constexpr OpInfo neg_op{"neg", "x", "y = -x\ndx = -dy"};

/// Hyperbolic tangent.
template <class T>
Variable<T> tanh(Variable<T> x);

/// The positive part; -0 stays -0, as in PyTorch. The gradient at 0 is 0.
template <class T>
Variable<T> relu(Variable<T> x);

/// The logistic function 1 / (1 + exp(-x)), without overflow anywhere.
template <class T>
Variable<T> sigmoid(Variable<T> x);

/// e to the power of x.
template <class T>
Variable<T> exp(Variable<T> x);

/// Natural logarithm: NaN below 0, -inf at 0.
template <class T>
Variable<T> log(const Variable<T>& x);

/// Square root: NaN below 0. The gradient at 0 is infinite.
template <class T>
Variable<T> sqrt(Variable<T> x);

/// x to a constant power, with std::pow's conventions (pow(x, 0) = 1). The gradient for `exponent`
/// 0 is 0.
template <class T>
Variable<T> pow(const Variable<T>& x, std::type_identity_t<T> exponent);

/// -x.
template <class T>
Variable<T> neg(Variable<T> x);

template <class T>
Variable<T> operator-(Variable<T> x) {
  return neg(std::move(x));
}

}  // namespace xgrad
