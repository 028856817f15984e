#pragma once
// Reductions over some axes, or over all of them where none are named: `sum(x)`, `sum(x, 0)`,
// `mean(x, {0, -1}, true)`. With `keepdims` a reduced axis stays, with extent 1. Throws ShapeError
// for an axis outside the shape or named twice.

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>
#include <xgrad/ops/axes.hpp>

namespace xgrad {

inline constexpr OpInfo sum_op{"sum", "x", "y = sum of x over the axes\ndx = dy, repeated"};
inline constexpr OpInfo mean_op{"mean", "x", "y = sum(x) / n\ndx = dy / n, repeated"};
inline constexpr OpInfo max_op{"max", "x",
                               "y = max of x over the axes\ndx = dy at the first maximum, else 0"};

/// Sum; in float, too, it is accumulated in double. The sum of nothing is 0.
template <class T>
Variable<T> sum(const Variable<T>& x, const Axes& axes = {}, bool keepdims = false);

/// Arithmetic mean. Throws ShapeError for the mean of nothing.
template <class T>
Variable<T> mean(const Variable<T>& x, const Axes& axes = {}, bool keepdims = false);

/// Maximum; NaN if there is one. The gradient goes to the first of equal maxima in row-major order.
/// Throws ShapeError for the maximum of nothing.
template <class T>
Variable<T> max(const Variable<T>& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xgrad
