#pragma once

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// Loops over the rows of a matrix [rows, C], C of any size, that treat each column alike. They see
/// the matrix as one run of n elements that begins with column 0; element i belongs to lane
/// i % period, lane k to column k % C. Per-column values come and go as one value per lane, so that
/// a vector holds many rows of a narrow matrix.
template <class T>
struct ColumnLoops {
  /// A multiple of C and of the vector's width, so that the lanes of a vector never change.
  Index (*period)(Index channels);
  /// sums[k] = the sum of x over lane k
  void (*sum)(const T* x, Index n, Index period, T* sums);
  /// sums[k] = the sum of (x - mean[k])^2 over lane k
  void (*square_deviation)(const T* x, Index n, Index period, const T* mean, T* sums);
  /// sum_dy[k] = the sum of dy over lane k, sum_dyx[k] = that of dy (x - mean[k])
  void (*gradient_sums)(const T* dy, const T* x, Index n, Index period, const T* mean, T* sum_dy,
                        T* sum_dyx);
  /// y = (x - mean) scale + shift. y may be x.
  void (*normalize)(const T* x, Index n, Index period, const T* mean, const T* scale,
                    const T* shift, T* y);
  /// dx = dy a + (x - mean) b + c. dx may be dy.
  void (*input_gradient)(const T* dy, const T* x, Index n, Index period, const T* mean, const T* a,
                         const T* b, const T* c, T* dx);
};

/// The loops compiled for `Level`.
template <class Level, class T>
ColumnLoops<T> column_loops();

}  // namespace xgrad::kernels
