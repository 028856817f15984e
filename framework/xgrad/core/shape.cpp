#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xgrad {

Shape::Shape(std::span<const Index> extents) : rank_(static_cast<int>(extents.size())) {
  if (extents.size() > max_rank)
    throw ShapeError(fmt::format("a shape of {} axes; at most {} are supported: merge some axes",
                                 extents.size(), max_rank));
  std::copy(extents.begin(), extents.end(), extents_.begin());
}

Index Shape::elements() const {
  Index product = 1;
  bool overflow = false;
  bool empty = false;
  for (Index extent : *this) {
    if (extent < 0)
      throw ShapeError(
          fmt::format("shape {} has a negative extent: give each axis its length", to_string()));
    if (extent == 0)
      empty = true;
    else
      overflow |= __builtin_mul_overflow(product, extent, &product);
  }
  if (empty) return 0;
  if (overflow)
    throw ShapeError(
        fmt::format("shape {} has more elements than memory can address", to_string()));
  return product;
}

int Shape::normalize_axis(int axis, const char* what) const {
  const int from_front = axis < 0 ? axis + rank_ : axis;
  if (from_front < 0 || from_front >= rank_)
    throw ShapeError(fmt::format("{} {} is outside shape {}: use {} to {}", what, axis, to_string(),
                                 -rank_, rank_ - 1));
  return from_front;
}

Index Shape::operator[](int axis) const {
  return extents_[static_cast<std::size_t>(normalize_axis(axis))];
}

Shape Shape::with(int axis, Index extent) const {
  Shape result = *this;
  result.extents_[static_cast<std::size_t>(normalize_axis(axis))] = extent;
  return result;
}

Shape Shape::without(int axis) const {
  Shape result = *this;
  Index* const removed = result.extents_.data() + normalize_axis(axis);
  std::copy(removed + 1, result.extents_.data() + rank_, removed);
  result.extents_[static_cast<std::size_t>(--result.rank_)] = 0;
  return result;
}

std::string Shape::to_string() const { return fmt::format("[{}]", fmt::join(*this, ", ")); }

}  // namespace xgrad
