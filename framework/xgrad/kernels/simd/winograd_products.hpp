#pragma once
// The products of winograd.hpp. Their k, a number of channels or of the tiles of a group, is short:
// there is nothing to pack, and a block of C is computed and stored at once.

#include <xgrad/kernels/simd/winograd_matrices.hpp>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

namespace xgrad::kernels::winograd {
namespace {

// Sums that a block of a product holds in registers while k runs: of the 32 registers of AVX-512
// and the 16 elsewhere, that leaves some for the factors.
constexpr Index sums = std::is_same_v<Level, Avx512> ? 24 : 12;

// Parts that an element is summed up in. Two halves, of even and odd k, take a sixth off the
// rounding errors that the transform of outputs magnifies; sums over tiles are short of the bound
// without.
template <bool Transposed>
constexpr Index parts = Transposed ? 1 : 2;

// Rows of a block.
template <Index Vectors, bool Transposed>
constexpr Index most_rows = std::min<Index>(12, sums / (Vectors * parts<Transposed>));

// Left factors: A[r, i] at data[r * stride + i], or if transposed at data[i * stride + r].
struct Left {
  const float* data;
  Index stride;
};

// C[Rows, Vectors] = A[Rows, k] B[k, Vectors], or added to it.
template <class L, Index Vectors, bool Transposed, Index Rows>
void block(Left a, const float* b, Index b_stride, Index k, bool add, float* c, Index c_stride) {
  // Rows of A in groups of three whose addresses a CPU gets from two registers.
  constexpr Index group = 3, groups = (Rows + group - 1) / group;
  const float* row[groups];
#pragma GCC unroll 4
  for (Index g = 0; g < groups; ++g) row[g] = a.data + g * group * a.stride;
  V sum[parts<Transposed>][Rows][Vectors];
#pragma GCC unroll 12
  for (Index r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (Index v = 0; v < Vectors; ++v)
#pragma GCC unroll 2
      for (auto& part : sum) part[r][v] = V(0.0F);
  const auto bytes = a.stride * static_cast<Index>(sizeof(float));
  const auto step = [&](Index i) {
    auto& part = sum[i % parts<Transposed>];
    V right[Vectors];
#pragma GCC unroll 2
    for (Index v = 0; v < Vectors; ++v) right[v] = V::load_unaligned(b + v * width);
    b += b_stride;
#pragma GCC unroll 12
    for (Index r = 0; r < Rows; ++r) {
      const float* place = a.data + r;
      if constexpr (!Transposed)
        place = reinterpret_cast<const float*>(reinterpret_cast<const char*>(row[r / group] + i) +
                                               r % group * bytes);
      const V left(*place);
#pragma GCC unroll 2
      for (Index v = 0; v < Vectors; ++v)
        part[r][v] = fused_multiply_add(left, right[v], part[r][v]);
    }
    if constexpr (Transposed) a.data += a.stride;
  };
  constexpr Index unroll = 4;
  Index i = 0;
  for (; i + unroll <= k; i += unroll) {
#pragma GCC unroll 4
    for (Index u = 0; u < unroll; ++u) step(u);
    if constexpr (!Transposed) {
#pragma GCC unroll 4
      for (Index g = 0; g < groups; ++g) row[g] += unroll;
    }
  }
  if constexpr (Transposed)
    for (; i < k; ++i) step(0);
#pragma GCC unroll 12
  for (Index r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (Index v = 0; v < Vectors; ++v) {
      float* const place = c + r * c_stride + v * width;
      V total = sum[0][r][v];
      if constexpr (parts<Transposed> == 2) total += sum[1][r][v];
      if (add) total += V::load_unaligned(place);
      total.store_unaligned(place);
    }
}

template <class L, Index Vectors, bool Transposed>
constexpr auto blocks = []<Index... R>(std::integer_sequence<Index, R...>) {
  return std::array{&block<L, Vectors, Transposed, R + 1>...};
}
(std::make_integer_sequence<Index, most_rows<Vectors, Transposed>>{});

template <class L, bool Transposed>
void product(const Left& a, const float* b, Index rows, Index k, Index n, bool add, float* c) {
  for (Index column = 0; column < n;) {
    const bool two = column + 2 * width <= n;
    const Index most = two ? most_rows<2, Transposed> : most_rows<1, Transposed>;
    const Index row_blocks = (rows + most - 1) / most;
    const auto* const heights =
        two ? blocks<L, 2, Transposed>.data() : blocks<L, 1, Transposed>.data();
    for (Index i = 0; i < row_blocks; ++i) {
      const Index begin = rows * i / row_blocks, height = rows * (i + 1) / row_blocks - begin;
      heights[height - 1]({a.data + begin * (Transposed ? 1 : a.stride), a.stride}, b + column, n,
                          k, add, c + begin * n + column, n);
    }
    column += two ? 2 * width : width;
  }
}

// The share of one point in asking for the memory that comes next.
inline void prefetch_share(std::span<const float> range, Index point) {
  constexpr Index line = 16;
  const Index lines = (static_cast<Index>(range.size()) + line - 1) / line;
  for (Index i = lines * point / points; i < lines * (point + 1) / points; ++i)
    __builtin_prefetch(range.data() + i * line, 1, 2);
}

template <class L, bool Transposed>
void multiply(WinogradData a, WinogradData b, Index rows, Index k, Index n, bool add,
              WinogradData c, std::span<const std::span<const float>> upcoming) {
  for (Index p = 0; p < points; ++p) {
    for (const auto range : upcoming) prefetch_share(range, p);
    product<L, Transposed>({a.data + p * a.point_stride, Transposed ? rows : k},
                           b.data + p * b.point_stride, rows, k, n, add,
                           c.data + p * c.point_stride);
  }
}

}  // namespace
}  // namespace xgrad::kernels::winograd
