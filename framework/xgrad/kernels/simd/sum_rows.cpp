#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/sum_rows.hpp>

#include <algorithm>

namespace xgrad::kernels {
namespace {

template <class T>
constexpr Index width = static_cast<Index>(Batch<T>::size);

// So many vectors of the sum stay in registers while the rows go by.
constexpr Index unroll = 8;

template <class L, Index U, class T>
void strip(const T* x, Index stride, const Index* rows, Index count, T* sum) {
  using B = Batch<T>;
  // The rows are far apart, which a CPU does not foresee.
  constexpr Index ahead = 4, line = 64 / static_cast<Index>(sizeof(T));
  B total[U];
  for (Index v = 0; v < U; ++v) total[v] = B(T(0));
  for (Index k = 0; k < count; ++k) {
    const T* const soon = x + rows[std::min(k + ahead, count - 1)] * stride;
    for (Index j = 0; j < U * width<T>; j += line) __builtin_prefetch(soon + j);
    const T* const row = x + rows[k] * stride;
#pragma GCC unroll 8
    for (Index v = 0; v < U; ++v) total[v] += B::load_unaligned(row + v * width<T>);
  }
  for (Index v = 0; v < U; ++v) total[v].store_unaligned(sum + v * width<T>);
}

template <class L, class T>
void sum_picked(const T* x, Index stride, const Index* rows, Index count, Index n, T* sum) {
  Index j = 0;
  for (; j + unroll * width<T> <= n; j += unroll * width<T>)
    strip<L, unroll>(x + j, stride, rows, count, sum + j);
  for (; j + width<T> <= n; j += width<T>) strip<L, 1>(x + j, stride, rows, count, sum + j);
  for (; j < n; ++j) {
    T total = 0;
    for (Index k = 0; k < count; ++k) total += x[rows[k] * stride + j];
    sum[j] = total;
  }
}

}  // namespace

template <class L, class T>
SumRows<T> sum_rows() {
  return sum_picked<L, T>;
}

template SumRows<float> sum_rows<Level, float>();
template SumRows<double> sum_rows<Level, double>();

}  // namespace xgrad::kernels
