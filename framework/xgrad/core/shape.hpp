#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>

namespace xgrad {

/// Signed type of every extent, index and count of elements.
using Index = std::ptrdiff_t;

/// The extents of a tensor, outermost axis first. `Shape{}` is a scalar: no axes, one element.
/// A small value without heap memory; at most `max_rank` axes.
class Shape {
 public:
  static constexpr int max_rank = 8;

  constexpr Shape() = default;

  /// `Shape{64, 28, 28, 1}`. An extent may be 0; -1 stands for "the rest" and is legal only where
  /// a function says so (reshape).
  template <std::integral... Extents>
  requires(sizeof...(Extents) >= 1 &&
           sizeof...(Extents) <= max_rank) constexpr Shape(Extents... extents)
      : extents_{static_cast<Index>(extents)...}, rank_(sizeof...(Extents)) {}

  /// From any list of extents. Throws ShapeError over `max_rank` axes.
  explicit Shape(std::span<const Index> extents);

  constexpr int rank() const { return rank_; }

  /// Product of the extents: the number of elements. Throws ShapeError on a negative extent or
  /// where the product overflows.
  Index elements() const;

  /// Extent of an axis; negative axes count from the end. Throws ShapeError outside the rank.
  Index operator[](int axis) const;

  /// The same shape with one extent replaced, removed or put in (`axis` as in operator[]).
  Shape with(int axis, Index extent) const;
  Shape without(int axis) const;

  /// `axis` counted from the front: 0 <= result < rank. Throws ShapeError naming `what`.
  int normalize_axis(int axis, const char* what = "axis") const;

  // Container interface, as the standard library and xtensor expect it.
  constexpr std::size_t size() const { return static_cast<std::size_t>(rank_); }
  constexpr bool empty() const { return rank_ == 0; }
  constexpr const Index* begin() const { return extents_.data(); }
  constexpr const Index* end() const { return extents_.data() + rank_; }
  Index back() const { return (*this)[-1]; }

  friend constexpr bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i)
      if (a.extents_[static_cast<std::size_t>(i)] != b.extents_[static_cast<std::size_t>(i)])
        return false;
    return true;
  }

  /// "[64, 28, 28, 1]".
  std::string to_string() const;

 private:
  std::array<Index, max_rank> extents_{};
  int rank_ = 0;
};

/// Height and width of a kernel, stride or padding. A single number means both.
struct Size2d {
  Index h = 0, w = 0;
  constexpr Size2d() = default;
  constexpr Size2d(std::integral auto both) : h(both), w(both) {}
  constexpr Size2d(std::integral auto height, std::integral auto width) : h(height), w(width) {}
  friend constexpr bool operator==(const Size2d&, const Size2d&) = default;
};

}  // namespace xgrad
