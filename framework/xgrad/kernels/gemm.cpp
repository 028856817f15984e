#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/packed_factor.hpp>
#include <xgrad/kernels/simd/bf16.hpp>
#include <xgrad/kernels/simd/level.hpp>

#include <cblas.h>
#if defined(XGRAD_WITH_ONEDNN)
#include <dnnl.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <type_traits>

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

// Where packing B and computing with loops of our own pays.
bool is_worth_packing(float alpha, const Factor<float>& a, const Factor<float>& b, float beta) {
  const Index panel = PackedFactor<float>::panel();
  if (alpha != 1 || (beta != 0 && beta != 1) || b.cols < panel || a.cols < panel) return false;
  // Rounding and packing cost as much as some twenty multiplications of each number.
  constexpr Index least_reuse = 32;
  if (rounds_to_bf16()) return a.rows >= least_reuse;
  // x W^T of a linear layer: the libraries copy the long factor, wait for weights that are not in
  // the cache (64 rows of 1568 by 128: 484 us against 272), or leave a fifth of the time to a width
  // that is not theirs (65: 48 and 17), where packing the short one is enough. Below AVX2 our own
  // kernel has no fma and loses.
  constexpr Index worth_it = Index{1} << 17, few_columns = 256;
  const bool short_right = b.cols <= few_columns || a.rows >= 4 * b.cols;
  return simd_level() != SimdLevel::baseline && !a.transposed && b.transposed && short_right &&
         a.rows >= least_reuse / 2 && a.rows * a.cols * b.cols >= worth_it;
}

// C = A B + beta C
void multiply_packed(const Factor<float>& a, const Factor<float>& b, float beta, float* c,
                     Index stride) {
  const Index panel = PackedFactor<float>::panel();
  const Index k = a.cols, whole = b.cols / panel * panel;  // the rest: not worth a panel
  const PackedFactor<float> factor(cols_of(b, 0, whole));
  parallel_for(a.rows, rows_per_chunk(a.rows, b.cols * k), [&](Index begin, Index end) {
    std::array<const float*, 96> start;
    constexpr auto most = static_cast<Index>(start.size());
    for (Index i = begin; i < end; i += most) {
      const Index rows = std::min(most, end - i);
      for (Index r = 0; r < rows; ++r) start[static_cast<std::size_t>(r)] = c + (i + r) * stride;
      factor.multiply(rows_of(a, i, i + rows), beta == 0 ? nullptr : start.data(), c + i * stride,
                      stride);
    }
    if (whole < b.cols)
      gemm_in_chunk(1.0F, rows_of(a, begin, end), cols_of(b, whole, b.cols), beta,
                    c + begin * stride + whole, stride);
  });
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
  if constexpr (std::is_same_v<T, float>)
    if (is_worth_packing(alpha, a, b, beta)) return multiply_packed(a, b, beta, c, stride);
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
