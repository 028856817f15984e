#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include <xgrad/core/shape.hpp>

namespace xgrad {

/// A list of axes, as in `sum(x, {0, -1})` or `sum(x, 0)`. Negative axes count from the end.
class Axes {
 public:
  constexpr Axes() = default;

  template <std::integral... Axis>
  requires(sizeof...(Axis) >= 1 && sizeof...(Axis) <= Shape::max_rank &&
           !(std::is_same_v<Axis, bool> || ...)) constexpr Axes(Axis... axes)
      : axes_{static_cast<int>(axes)...}, size_(sizeof...(Axis)) {}

  constexpr void push_back(int axis) { axes_.at(size_++) = axis; }
  constexpr int& operator[](std::size_t i) { return axes_.at(i); }
  constexpr int operator[](std::size_t i) const { return axes_.at(i); }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const int* begin() const { return axes_.data(); }
  constexpr const int* end() const { return axes_.data() + size_; }

 private:
  std::array<int, Shape::max_rank> axes_{};
  std::size_t size_ = 0;
};

}  // namespace xgrad
