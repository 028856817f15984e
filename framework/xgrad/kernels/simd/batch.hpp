#pragma once
// For the sources of this folder only: the level that this compilation is for, and its vectors.

#include <xsimd/xsimd.hpp>

#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/simd/level.hpp>

namespace xgrad::kernels {

#if defined(XGRAD_SIMD_AVX512)
using Level = Avx512;
using Architecture = xsimd::avx512bw;
#elif defined(XGRAD_SIMD_AVX2)
using Level = Avx2;
using Architecture = xsimd::fma3<xsimd::avx2>;
#else
using Level = Baseline;
using Architecture = xsimd::default_arch;
#endif

template <class T>
using Batch = xsimd::batch<T, Architecture>;

/// y[i] = f(x[i]...) for 0 <= i < n. `f` takes and returns vectors. The tail goes through the same
/// vector code in a padded buffer, so an element's bits do not depend on where it lies. y may be one
/// of the x.
template <class L, class T, class F, class... X>
void map(Index n, T* y, F f, const X*... x) {
  constexpr Index width = static_cast<Index>(Batch<T>::size);
  Index i = 0;
  for (; i + width <= n; i += width) f(Batch<T>::load_unaligned(x + i)...).store_unaligned(y + i);
  if (i == n) return;
  // Ones keep the unused lanes out of trouble (log, division).
  const auto padded = [&](const T* source) {
    alignas(64) T lanes[width];
    for (Index k = 0; k < width; ++k) lanes[k] = i + k < n ? source[i + k] : T(1);
    return Batch<T>::load_aligned(lanes);
  };
  alignas(64) T lanes[width];
  f(padded(x)...).store_aligned(lanes);
  for (Index k = 0; i + k < n; ++k) y[i + k] = lanes[k];
}

}  // namespace xgrad::kernels
