#pragma once
// The one door to BLAS for matrix products.

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// A factor of a product: a row-major matrix in memory, taken as it stands or transposed.
template <class T>
struct Factor {
  const T* data = nullptr;
  Index rows = 0, cols = 0;  ///< of the factor, after transposition
  Index stride = 0;          ///< elements between the rows in memory
  bool transposed = false;

  /// The matrix [rows, cols] at `data`, whose rows lie `stride` apart (0: one after the other).
  constexpr Factor(const T* matrix, Index row_count, Index col_count, Index row_stride = 0)
      : data(matrix),
        rows(row_count),
        cols(col_count),
        stride(row_stride == 0 ? col_count : row_stride) {}

  /// Its transpose; the memory is the same.
  constexpr Factor t() const {
    Factor result = *this;
    result.rows = cols;
    result.cols = rows;
    result.transposed = !transposed;
    return result;
  }
};

/// C = alpha A B + beta C, with C [A.rows, B.cols] row-major, its rows `stride` apart (0: one after
/// the other). With beta = 0, C is only written. A.cols must be B.rows. Cut into chunks of rows or
/// columns of C that depend on the shape alone; each sum over A.cols is computed in one go, so the
/// bits do not depend on the number of threads.
template <class T>
void gemm(T alpha, const Factor<T>& a, const Factor<T>& b, T beta, T* c, Index stride = 0);

/// The same for `count` products of matrices that follow one another in memory.
template <class T>
void batched_gemm(Index count, T alpha, const Factor<T>& a, const Factor<T>& b, T beta, T* c);

/// The same in one piece on the calling thread: for the bodies of parallel_for only, since
/// elsewhere BLAS may start threads of its own.
template <class T>
void gemm_in_chunk(T alpha, const Factor<T>& a, const Factor<T>& b, T beta, T* c, Index stride = 0);

/// c[i, j] = row[j] for a matrix [rows, cols].
template <class T>
void repeat_row(const T* row, Index rows, Index cols, T* c);

}  // namespace xgrad::kernels
