#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/softmax.hpp>

#include <limits>
#include <type_traits>

namespace xgrad::kernels {
namespace {

template <class T>
inline constexpr Index width = static_cast<Index>(Batch<T>::size);

// The first `left` lanes of memory that may end there, then `filler`.
template <class L, class T>
Batch<T> load_part(const T* source, Index left, T filler) {
#if defined(XGRAD_SIMD_AVX512)
  if constexpr (std::is_same_v<T, float>) {
    const auto mask = static_cast<__mmask16>((1U << left) - 1);
    return _mm512_mask_loadu_ps(_mm512_set1_ps(filler), mask, source);
  }
#endif
  alignas(64) T lanes[width<T>];
  for (Index k = 0; k < width<T>; ++k) lanes[k] = k < left ? source[k] : filler;
  return Batch<T>::load_aligned(lanes);
}

// sum(f(x...)); `filler` stands for the elements after the end, where f must give 0.
template <class L, class T, class F, class... X>
T sum(Index n, T filler, F f, const X*... x) {
  Batch<T> total(T(0));
  Index i = 0;
  for (; i + width<T> <= n; i += width<T>) total += f(Batch<T>::load_unaligned(x + i)...);
  if (i < n) total += f(load_part<L>(x + i, n - i, filler)...);
  return xsimd::hadd(total);
}

template <class L, class T>
LogSumExp<T> log_sum_exp(const T* x, Index n) {
  constexpr T lowest = -std::numeric_limits<T>::infinity();
  Batch<T> largest(lowest);
  Index i = 0;
  for (; i + width<T> <= n; i += width<T>)
    largest = xsimd::max(largest, Batch<T>::load_unaligned(x + i));
  if (i < n) largest = xsimd::max(largest, load_part<L>(x + i, n - i, lowest));
  alignas(64) T lanes[width<T>];
  largest.store_aligned(lanes);
  for (Index half = width<T> / 2; half > 0; half /= 2)
    for (Index k = 0; k < half; ++k)
      lanes[k] = lanes[k] < lanes[k + half] ? lanes[k + half] : lanes[k];
  const T max = lanes[0];
  const Batch<T> shift(max);
  return {max, sum<L, T>(
                   n, lowest, [=](Batch<T> v) { return xsimd::exp(v - shift); }, x)};
}

}  // namespace

template <class L, class T>
SoftmaxLoops<T> softmax_loops() {
  using B = Batch<T>;
  return {
      .log_sum_exp = log_sum_exp<L, T>,
      .shifted_sum =
          [](const T* x, Index n, T shift) {
            return sum<L, T>(
                n, shift, [s = B(shift)](B v) { return v - s; }, x);
          },
      .log_softmax =
          [](const T* x, Index n, T shift, T log_sum, T* y) {
            map<L>(
                n, y, [s = B(shift), l = B(log_sum)](B v) { return (v - s) - l; }, x);
          },
      .scaled_exp =
          [](const T* x, Index n, T shift, T factor, T offset, T* y) {
            const auto f = [s = B(shift), a = B(factor), b = B(offset)](B v) {
              return xsimd::fma(xsimd::exp(v - s), a, b);
            };
            map<L>(n, y, f, x);
          },
      .softmax_grad =
          [](const T* y, const T* dy, Index n, T* dx) {
            const B s(sum<L, T>(
                n, T(0), [](B v, B d) { return v * d; }, y, dy));
            map<L>(
                n, dx, [s](B v, B d) { return v * (d - s); }, y, dy);
          },
      .log_softmax_grad =
          [](const T* y, const T* dy, Index n, T* dx) {
            const B s(sum<L, T>(
                n, T(0), [](B d) { return d; }, dy));
            map<L>(
                n, dx, [s](B v, B d) { return d - xsimd::exp(v) * s; }, y, dy);
          },
  };
}

template SoftmaxLoops<float> softmax_loops<Level, float>();
template SoftmaxLoops<double> softmax_loops<Level, double>();

}  // namespace xgrad::kernels
