#include <xgrad/core/error.hpp>
#include <xgrad/kernels/simd/bf16.hpp>
#include <xgrad/kernels/simd/level.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

namespace xgrad::kernels {
namespace {

SimdLevel best_of_cpu() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) return SimdLevel::avx512;
  if (avx2) return SimdLevel::avx2;
#endif
  return SimdLevel::baseline;
}

SimdLevel choose() {
  const SimdLevel best = best_of_cpu();
  const char* const wanted = std::getenv("XGRAD_SIMD");
  if (wanted == nullptr || *wanted == '\0') return best;
  for (const SimdLevel level : {SimdLevel::baseline, SimdLevel::avx2, SimdLevel::avx512}) {
    if (std::string_view(wanted) != to_string(level)) continue;
    if (level <= best) return level;
    throw ValueError(fmt::format("XGRAD_SIMD={}: this CPU has {} at most: unset the variable", wanted,
                                 to_string(best)));
  }
  throw ValueError(
      fmt::format("XGRAD_SIMD={} is not known: use sse2, avx2 or avx512, or unset it", wanted));
}

}  // namespace

SimdLevel simd_level() {
  static const SimdLevel level = choose();
  return level;
}

bool has_bf16() {
#if defined(__x86_64__)
  return simd_level() == SimdLevel::avx512 && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

#if !defined(__x86_64__)
Bf16Loops bf16_loops() { return {}; }
#endif

const char* to_string(SimdLevel level) {
  switch (level) {
    case SimdLevel::avx512: return "avx512";
    case SimdLevel::avx2: return "avx2";
    case SimdLevel::baseline: break;
  }
  return "sse2";
}

}  // namespace xgrad::kernels
