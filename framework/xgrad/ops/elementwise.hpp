#pragma once
// Ops that act on every element alone.

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

inline constexpr OpInfo tanh_op{"tanh", "x", "y = tanh(x)\ndx = dy (1 - y^2)"};

/// Hyperbolic tangent of each element. Shape: that of x.
template <class T>
Variable<T> tanh(Variable<T> x);

}  // namespace xgrad
