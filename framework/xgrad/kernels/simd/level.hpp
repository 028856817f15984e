#pragma once
// One portable binary: the sources in this folder are compiled once per instruction set, and the best
// one that the CPU has is picked at run time. Every function here is a template on the level, so that
// the copies are different functions and none can end up in a program for a lesser CPU.

namespace xgrad::kernels {

// The levels. Baseline is what the compiler targets by default: SSE2 on x86-64.
struct Baseline;
struct Avx2;
struct Avx512;

enum class SimdLevel { baseline, avx2, avx512 };

/// The level in use: the best of the CPU, or that of the environment variable XGRAD_SIMD ("sse2",
/// "avx2", "avx512") if the CPU has it. Throws ValueError for another word or a level it lacks.
SimdLevel simd_level();
const char* to_string(SimdLevel level);

/// Calls `pick.operator()<Level>()` for the level in use.
template <class Pick>
auto at_simd_level(Pick pick) {
#if defined(__x86_64__)
  switch (simd_level()) {
    case SimdLevel::avx512: return pick.template operator()<Avx512>();
    case SimdLevel::avx2: return pick.template operator()<Avx2>();
    case SimdLevel::baseline: break;
  }
#endif
  return pick.template operator()<Baseline>();
}

}  // namespace xgrad::kernels
