#pragma once

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// Sums in double over a matrix whose rows lie `stride` elements apart. Where `y` is there, the
/// elements are the products x y; it is laid out as x.
template <class T>
struct ReduceLoops {
  static constexpr Index max_columns = 2048;

  /// out[c] = sum over the rows. 1 <= cols <= max_columns.
  void (*column_sum)(const T* x, Index rows, Index cols, Index stride, double* out) = nullptr;
  void (*column_sum_of_product)(const T* x, const T* y, Index rows, Index cols, Index stride,
                                double* out) = nullptr;
  /// out[r] = sum over the columns.
  void (*row_sum)(const T* x, Index rows, Index cols, Index stride, double* out) = nullptr;
  void (*row_sum_of_product)(const T* x, const T* y, Index rows, Index cols, Index stride,
                             double* out) = nullptr;
};

/// The loops compiled for `Level`.
template <class Level, class T>
ReduceLoops<T> reduce_loops();

}  // namespace xgrad::kernels
