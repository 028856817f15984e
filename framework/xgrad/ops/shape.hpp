#pragma once
// Ops that move elements and compute nothing.

#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>
#include <xgrad/ops/axes.hpp>

namespace xgrad {

inline constexpr OpInfo reshape_op{"reshape", "x", "y = x in another shape\ndx = dy in x's shape"};
inline constexpr OpInfo flatten_op{"flatten", "x",
                                   "y = x, trailing axes merged\ndx = dy in x's shape"};
inline constexpr OpInfo permute_op{"permute", "x",
                                   "axis i of y is axis axes[i] of x\ndx = dy, permuted back"};
inline constexpr OpInfo concat_op{"concat", "xs...",
                                  "y = the xs one after the other\ndx = its part of dy"};
inline constexpr OpInfo slice_op{"slice", "x",
                                 "y = x[.., begin:end:step, ..]\ndx = dy there, 0 elsewhere"};
inline constexpr OpInfo pad_op{"pad", "x", "y = x with a border\ndx = dy without the border"};

/// The same elements, in row-major order, in another shape; one extent may be -1. Shares x's
/// memory. Throws ShapeError if the number of elements differs.
template <class T>
Variable<T> reshape(const Variable<T>& x, const Shape& shape);

/// Merges the axes from `start_axis` on into one: [N, H, W, C] -> [N, H*W*C]. Shares x's memory.
/// Throws ShapeError for an axis outside the shape.
template <class T>
Variable<T> flatten(const Variable<T>& x, int start_axis = 1);

/// Reorders the axes: y.shape(i) = x.shape(axes[i]). `permute(x, {0, 3, 1, 2})` turns NHWC into
/// NCHW. Throws ShapeError unless `axes` names each axis once.
template <class T>
Variable<T> permute(const Variable<T>& x, const Axes& axes);

/// Joins variables along an axis; their other extents are the same. Throws ShapeError for shapes
/// that do not fit, ValueError for none at all.
template <class T>
Variable<T> concat(std::span<const Variable<T>> xs, int axis);
template <class T>
Variable<T> concat(const std::vector<Variable<T>>& xs, int axis) {
  return concat(std::span<const Variable<T>>(xs), axis);
}
template <class T>
Variable<T> concat(std::initializer_list<Variable<T>> xs, int axis) {
  return concat(std::span<const Variable<T>>(xs.begin(), xs.size()), axis);
}

/// Elements begin, begin + step, ... before `end` of an axis; a negative begin or end counts from
/// the axis' end. Shares x's memory where `axis` is the leading one and `step` is 1. Throws
/// ShapeError for a range outside the axis, ValueError for step < 1.
template <class T>
Variable<T> slice(const Variable<T>& x, int axis, Index begin, Index end, Index step = 1);

/// How many elements to add at both ends of an axis.
struct PadWidth {
  Index before = 0;
  Index after = 0;
};

/// Surrounds x with `value`. `widths` has one entry per axis. Throws ShapeError for another number
/// of entries, ValueError for a negative width.
template <class T>
Variable<T> pad(const Variable<T>& x, const std::vector<PadWidth>& widths,
                std::type_identity_t<T> value = T(0));

}  // namespace xgrad
