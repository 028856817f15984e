#pragma once

#include <cstdint>

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// Geometry of pooling an image [height, width, channels] to [out_height, out_width, channels].
/// Places of a window are numbered in row-major order.
struct PoolShape {
  Index height = 0, width = 0, channels = 0;
  Index out_height = 0, out_width = 0;
  Size2d kernel, stride, padding;

  Index places() const { return kernel.h * kernel.w; }
  /// Scratch of the loops: values for one row of windows, and two numbers per place.
  Index scratch_values() const {
    constexpr Index longest_vector = 16;  // which the loops may read over the end
    return channels * (places() * out_width > width ? places() * out_width : width) +
           longest_vector;
  }
  Index scratch_indices() const { return 2 * places(); }
  /// Each pixel lies in one window.
  bool side_by_side() const {
    return stride == kernel && padding == Size2d(0) && height == out_height * kernel.h &&
           width == out_width * kernel.w;
  }
};

/// Loops over one row of windows, number `row` of an image.
template <class T>
struct PoolLoops {
  /// y: [out_width, channels]; index: the place of each maximum, or null. Narrow for up to 256
  /// places.
  void (*max_narrow)(const T* image, const PoolShape& shape, Index row, Index* indices, T* values,
                     T* y, std::uint8_t* index);
  void (*max_wide)(const T* image, const PoolShape& shape, Index row, Index* indices, T* values,
                   T* y, std::int32_t* index);
  /// Writes what these windows contribute to the rows of dx under them; for windows side by side
  /// (stride = kernel) and channels that fill whole vectors, which max_gradient_fits() says.
  bool (*max_gradient_fits)(const PoolShape& shape);
  void (*max_gradient)(const T* dy, const std::uint8_t* index, const PoolShape& shape, Index row,
                       Index* indices, T* dx_image);
  /// y: means of the windows
  void (*mean)(const T* image, const PoolShape& shape, Index row, T* values, T* y);
  /// Adds what these windows contribute to dx, or for windows side by side (shape.side_by_side()),
  /// whose rows nobody else contributes to, writes it.
  void (*mean_gradient)(const T* dy, const PoolShape& shape, Index row, T* values, T* dx_image);
};

/// The loops compiled for `Level`.
template <class Level, class T>
PoolLoops<T> pool_loops();

}  // namespace xgrad::kernels
