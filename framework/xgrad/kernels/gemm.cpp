#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/gemm.hpp>

#include <cblas.h>
#if defined(XGRAD_WITH_ONEDNN)
#include <dnnl.h>
#endif

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

// Extent of the chunks that `extent` rows or columns are cut into, each column or row of them
// costing `work` multiplications.
Index chunk_of(Index extent, Index work) {
  constexpr Index multiplications_per_chunk = Index{1} << 20;
  constexpr Index most_chunks = 8;
  constexpr Index unit = 32;  // a multiple of what the BLAS kernels compute at once
  const Index chunks = std::clamp<Index>(extent * work / multiplications_per_chunk, 1, most_chunks);
  const Index even = (extent + chunks - 1) / chunks;
  return (even + unit - 1) / unit * unit;
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
  if (m > n) {
    parallel_for(m, chunk_of(m, n * k), [&](Index begin, Index end) {
      gemm_in_chunk(alpha, rows_of(a, begin, end), b, beta, c + begin * stride, stride);
    });
  } else {
    parallel_for(n, chunk_of(n, m * k), [&](Index begin, Index end) {
      gemm_in_chunk(alpha, a, cols_of(b, begin, end), beta, c + begin, stride);
    });
  }
}

#define XGRAD_INSTANTIATE(T)                                               \
  template void gemm(T, const Factor<T>&, const Factor<T>&, T, T*, Index); \
  template void gemm_in_chunk(T, const Factor<T>&, const Factor<T>&, T, T*, Index);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
