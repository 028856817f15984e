#pragma once
// For the sources of this folder only: the level that this compilation is for, and its vectors.

#include <type_traits>

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

/// x y + z, rounded once where the level can. On AVX-512 xsimd 9 leaves that to the compiler,
/// which does it only where it happens to inline everything: results would depend on its flags.
template <class B>
B fused_multiply_add(const B& x, const B& y, const B& z) {
#if defined(XGRAD_SIMD_AVX512)
  if constexpr (std::is_same_v<typename B::value_type, float>)
    return _mm512_fmadd_ps(x, y, z);
  else
    return _mm512_fmadd_pd(x, y, z);
#else
  return xsimd::fma(x, y, z);
#endif
}

/// y[i] = f(x[i]...) for 0 <= i < n. `f` takes and returns vectors. The tail goes through the same
/// vector code in a padded buffer, so an element's bits do not depend on where it lies. y may be
/// one of the x.
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
