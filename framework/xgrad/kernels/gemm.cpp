#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/gemm.hpp>

#include <cblas.h>
#if defined(XGRAD_WITH_ONEDNN)
#include <dnnl.h>
#endif

#include <algorithm>
#include <bit>

namespace xgrad::kernels {
namespace {

CBLAS_TRANSPOSE order(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }
int narrow(Index n) { return static_cast<int>(n); }
// BLAS wants strides of at least one, also of empty matrices.
int row_stride(Index stride) { return narrow(std::max<Index>(stride, 1)); }

void blas(double alpha, const Factor<double>& a, const Factor<double>& b, double beta, double* c,
          Index stride) {
  cblas_dgemm(CblasRowMajor, order(a.transposed), order(b.transposed), narrow(a.rows),
              narrow(b.cols), narrow(a.cols), alpha, a.data, row_stride(a.stride), b.data,
              row_stride(b.stride), beta, c, row_stride(stride));
}

void blas(float alpha, const Factor<float>& a, const Factor<float>& b, float beta, float* c,
          Index stride) {
#if defined(XGRAD_WITH_ONEDNN)
  // Up to 1.7 times as fast as OpenBLAS, except for products of a microsecond.
  if (a.rows * b.cols * a.cols >= Index{1} << 17) {
    dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', a.rows, b.cols, a.cols, alpha,
               a.data, a.stride, b.data, b.stride, beta, c, stride);
    return;
  }
#endif
  cblas_sgemm(CblasRowMajor, order(a.transposed), order(b.transposed), narrow(a.rows),
              narrow(b.cols), narrow(a.cols), alpha, a.data, row_stride(a.stride), b.data,
              row_stride(b.stride), beta, c, row_stride(stride));
}

// The rows (or, for the second factor, columns) begin..end-1 of a factor.
template <class T>
Factor<T> rows_of(Factor<T> a, Index begin, Index end) {
  a.data += begin * (a.transposed ? 1 : a.stride);
  a.rows = end - begin;
  return a;
}

template <class T>
Factor<T> cols_of(const Factor<T>& b, Index begin, Index end) {
  return rows_of(b.t(), begin, end).t();
}

// What is worth a thread: some ten microseconds.
constexpr Index multiplications_per_chunk = Index{1} << 20;

// Extent of the chunks, at least so long, that `extent` rows or columns of C are cut into, each of
// them costing so many multiplications. A power of two of equal chunks shares out evenly.
Index chunk_of(Index extent, Index multiplications, Index least_extent) {
  constexpr Index most_chunks = 8;
  const Index chunks = std::clamp<Index>(
      std::min(extent * multiplications / multiplications_per_chunk, extent / least_extent), 1,
      most_chunks);
  const auto even = static_cast<Index>(std::bit_floor(static_cast<std::size_t>(chunks)));
  return (extent + even - 1) / even;
}

Index rows_per_chunk(Index rows, Index multiplications) {
  constexpr Index least_rows = 32;  // below, the other factor is read too often
  return chunk_of(rows, multiplications, least_rows);
}

// Chunks of columns write to rows of C, and may read rows of B, that lie far apart: with 64 columns
// of 512 a product took a quarter longer than in one piece.
Index columns_per_chunk(Index columns, Index multiplications) {
  constexpr Index least_columns = 32, enough = 128;
  return chunk_of(columns, multiplications, std::clamp(columns / 2, least_columns, enough));
}

}  // namespace

template <class T>
void gemm_in_chunk(T alpha, const Factor<T>& a, const Factor<T>& b, T beta, T* c, Index stride) {
  if (a.rows == 0 || b.cols == 0) return;
  blas(alpha, a, b, beta, c, stride == 0 ? b.cols : stride);
}

template <class T>
void gemm(T alpha, const Factor<T>& a, const Factor<T>& b, T beta, T* c, Index stride) {
  const Index m = a.rows, n = b.cols, k = a.cols;
  if (stride == 0) stride = n;
  if (m >= n) {
    parallel_for(m, rows_per_chunk(m, n * k), [&](Index begin, Index end) {
      gemm_in_chunk(alpha, rows_of(a, begin, end), b, beta, c + begin * stride, stride);
    });
  } else {
    parallel_for(n, columns_per_chunk(n, m * k), [&](Index begin, Index end) {
      gemm_in_chunk(alpha, a, cols_of(b, begin, end), beta, c + begin, stride);
    });
  }
}

template <class T>
void batched_gemm(Index count, T alpha, const Factor<T>& a, const Factor<T>& b, T beta, T* c) {
  if (count == 1) return gemm(alpha, a, b, beta, c);
  const Index m = a.rows, n = b.cols, k = a.cols;
  const Index chunk = multiplications_per_chunk / std::max<Index>(m * n * k, 1) + 1;
  parallel_for(count, chunk, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      Factor<T> a_i = a, b_i = b;
      a_i.data += i * m * k;
      b_i.data += i * k * n;
      gemm_in_chunk(alpha, a_i, b_i, beta, c + i * m * n);
    }
  });
}

template <class T>
void repeat_row(const T* row, Index rows, Index cols, T* c) {
  parallel_for(rows, (1 << 16) / std::max<Index>(cols, 1) + 1, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) std::copy_n(row, cols, c + i * cols);
  });
}

#define XGRAD_INSTANTIATE(T)                                                        \
  template void gemm(T, const Factor<T>&, const Factor<T>&, T, T*, Index);          \
  template void batched_gemm(Index, T, const Factor<T>&, const Factor<T>&, T, T*);  \
  template void gemm_in_chunk(T, const Factor<T>&, const Factor<T>&, T, T*, Index); \
  template void repeat_row(const T*, Index, Index, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
