#pragma once
// Products of numbers rounded to bfloat16 (the upper half of a float: 8 bits of precision), added up
// in float.

#include <cstdint>

#include <xgrad/core/precision.hpp>
#include <xgrad/kernels/simd/packed_gemm.hpp>

namespace xgrad::kernels {

/// Two numbers that follow one another along k, the first in the lower half: what the CPU multiplies
/// and adds up at a time.
using Bf16Pair = std::uint32_t;

constexpr Index pairs_of(Index numbers) { return (numbers + 1) / 2; }

/// An odd number at the end is paired with zero. Rounding is to the nearest, ties to even.
struct Bf16Loops {
  PackedGemm<Bf16Pair, float> gemm;  ///< its pack() takes k numbers

  /// y = pairs_of(n) pairs of the n numbers at x.
  void (*round)(const float* x, Index n, Bf16Pair* y) = nullptr;

  /// The same down the columns of a matrix [k, n] with rows x_stride apart: y[i y_stride + j] holds
  /// x[2 i, j] and x[2 i + 1, j].
  void (*round_columns)(const float* x, Index x_stride, Index k, Index n, Bf16Pair* y,
                        Index y_stride) = nullptr;
};

/// Whether the CPU multiplies bfloat16 (AVX512-BF16), at the level in use.
bool has_bf16();

/// Whether products of floats are to be of rounded numbers: allowed, and the CPU is made for it.
inline bool rounds_to_bf16() {
  return matmul_precision() == MatmulPrecision::medium && has_bf16();
}

/// What is compiled for such CPUs; empty elsewhere.
Bf16Loops bf16_loops();

}  // namespace xgrad::kernels
