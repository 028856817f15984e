#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/kernels/simd/bf16.hpp>
#include <xgrad/kernels/simd/packed_gemm_loops.hpp>
#include <xgrad/kernels/transpose.hpp>

#include <immintrin.h>

#include <bit>

namespace xgrad::kernels {
namespace {

struct Bf16Lanes {
  using Operand = Bf16Pair;
  using Sum = float;
  static __m512bh load(const Bf16Pair* x) { return std::bit_cast<__m512bh>(_mm512_load_si512(x)); }
  static __m512bh spread(const Bf16Pair* x) {
    return std::bit_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(*x)));
  }
  static Batch<float> multiply_add(__m512bh x, __m512bh y, const Batch<float>& sum) {
    return _mm512_dpbf16_ps(sum, x, y);
  }
};

constexpr Index lanes = 16;

__mmask16 first(Index n) {
  return static_cast<__mmask16>(n >= lanes ? 0xffff : (1 << std::max<Index>(n, 0)) - 1);
}

// Numbers of `low` in the lower half of the result's 32 places, of `high` in the upper.
__m512i round_both(__m512 low, __m512 high) {
  return std::bit_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

void round(const float* x, Index n, Bf16Pair* y) {
  for (Index i = 0; i < n; i += 2 * lanes, y += lanes) {
    const __m512 low = _mm512_maskz_loadu_ps(first(n - i), x + i);
    const __m512 high = _mm512_maskz_loadu_ps(first(n - i - lanes), x + i + lanes);
    _mm512_mask_storeu_epi32(y, first(pairs_of(n - i)), round_both(low, high));
  }
}

void round_columns(const float* x, Index x_stride, Index k, Index n, Bf16Pair* y, Index y_stride) {
  alignas(64) std::array<std::uint16_t, 2 * lanes> order;
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<std::uint16_t>(i / 2 + i % 2 * lanes);
  const __m512i by_turns = _mm512_load_si512(order.data());
  for (Index i = 0; i < k; i += 2, x += 2 * x_stride, y += y_stride)
    for (Index j = 0; j < n; j += lanes) {
      const __mmask16 columns = first(n - j);
      const __m512 even = _mm512_maskz_loadu_ps(columns, x + j);
      const __m512 odd = _mm512_maskz_loadu_ps(i + 1 < k ? columns : __mmask16{0}, x + x_stride + j);
      _mm512_mask_storeu_epi32(
          y + j, columns, _mm512_permutexvar_epi16(by_turns, round_both(even, odd)));
    }
}

void pack(const float* b, Index row_stride, Index col_stride, Index k, Index n, Bf16Pair* packed) {
  constexpr Index panel = panel_columns<float>;
  const Index pairs = pairs_of(k);
  PoolArray<Bf16Pair> rows(row_stride == 1 ? panel * pairs : 0);
  for (Index column = 0; column < n; column += panel, packed += panel * pairs) {
    const Index columns = std::min(panel, n - column);
    const float* const source = b + column * col_stride;
    if (columns < panel) std::fill_n(packed, panel * pairs, Bf16Pair{0});
    if (row_stride == 1) {
      for (Index j = 0; j < columns; ++j)
        round(source + j * col_stride, k, rows.data() + j * pairs);
      transpose(rows.data(), pairs, packed, panel, columns, pairs);
    } else {
      round_columns(source, row_stride, k, columns, packed, panel);
    }
  }
}

}  // namespace

Bf16Loops bf16_loops() {
  return {.gemm = {.panel = panel_columns<float>,
                   .pack = pack,
                   .multiply = multiply<Level, Bf16Lanes>},
          .round = round,
          .round_columns = round_columns};
}

}  // namespace xgrad::kernels
