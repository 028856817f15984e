#pragma once

#include <cstdint>

#include <xgrad/kernels/simd/pool.hpp>

namespace xgrad::kernels {

/// Values per channel, [C] each.
template <class T>
struct NormValues {
  const T *mean, *scale, *shift;
};
template <class T>
struct NormGradientValues {
  const T *mean, *a, *b, *c;
};

/// Loops over one row of windows, number `row` of an image, for max-pooling of an image that is yet
/// to be normalised to (x - mean) scale + shift. For the shapes of which fits() is true: windows
/// side by side, no padding, channels that fill whole vectors.
template <class T>
struct NormPoolLoops {
  bool (*fits)(const PoolShape& shape);
  /// y: the maxima, [out_width, channels]; best: the values of x there, index: their places in the
  /// windows; both may be null.
  void (*forward)(const T* image, const PoolShape& shape, Index row, const NormValues<T>& norm,
                  T* y, T* best, std::uint8_t* index);
  /// dx = d a + (x - mean) b + c under these windows and what they leave over at the right, and for
  /// the last row below; d is dy at the places of the maxima and 0 elsewhere.
  void (*gradient)(const T* dy, const std::uint8_t* index, const T* image, const PoolShape& shape,
                   Index row, const NormGradientValues<T>& norm, T* dx_image);
};

/// The loops compiled for `Level`.
template <class Level, class T>
NormPoolLoops<T> norm_pool_loops();

}  // namespace xgrad::kernels
