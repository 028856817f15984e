#pragma once
// The matrices of winograd.hpp in one dimension, each applied to vectors of channels. They are
// those of Toom and Cook for the points 0, 1, -1, 2, -1/2 and infinity, which have less than half the
// rounding errors of the usual 0, 1, -1, 2, -2 and infinity.

#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/winograd.hpp>

#include <array>

namespace xgrad::kernels::winograd {
namespace {

using V = Batch<float>;
constexpr Index width = static_cast<Index>(V::size);

// z + c x
template <class L>
V add_times(const V& z, float c, const V& x) {
  return fused_multiply_add(x, V(c), z);
}

using Inputs = std::array<V, tile>;
using Outputs = std::array<V, outputs>;
using Taps = std::array<V, kernel>;

// B^T d
template <class L>
Inputs input_points(const Inputs& d) {
  const V q = d[4] - d[2], s = d[3] - d[1];
  return {add_times<L>(add_times<L>(d[0] + d[4], -1.5F, s), -2, d[2]),
          add_times<L>(add_times<L>(q - d[1], -1.5F, d[2]), -0.5F, d[3]),
          add_times<L>(add_times<L>(q + d[1], 1.5F, d[2]), -2.5F, d[3]),
          add_times<L>(q, 0.5F, s),
          add_times<L>(q, -2, s),
          add_times<L>(add_times<L>(d[1] + d[5], -1.5F, q), -2, d[3])};
}

// A^T m
template <class L>
Outputs outputs_of(const Inputs& m) {
  return {m[0] + (m[1] + m[2]) + (m[3] + m[4]),
          add_times<L>(add_times<L>(m[1] - m[2] + m[5], 2, m[3]), -0.5F, m[4])};
}

// A y
template <class L>
Inputs gradient_points(const Outputs& y) {
  return {y[0],
          y[0] + y[1],
          y[0] - y[1],
          add_times<L>(y[0], 2, y[1]),
          add_times<L>(y[0], -0.5F, y[1]),
          y[1]};
}

// A row of G is divided by the product of its point's differences to the other points. So much for
// 1, -1, 2 and -1/2.
constexpr float by1 = -1.0F / 3, by2 = 1.0F / 3, by3 = 1.0F / 15, by4 = -16.0F / 15;

// G g
template <class L>
Inputs filter_points(const Taps& g) {
  const V even = g[0] + g[2] + g[4], odd = g[1] + g[3];
  const V even2 = add_times<L>(add_times<L>(g[0], 4, g[2]), 16, g[4]);
  const V even4 = add_times<L>(add_times<L>(g[0], 0.25F, g[2]), 0.0625F, g[4]);
  return {g[0],
          (even + odd) * V(by1),
          (even - odd) * V(by2),
          add_times<L>(even2, 2, add_times<L>(g[1], 4, g[3])) * V(by3),
          add_times<L>(even4, -0.5F, add_times<L>(g[1], 0.25F, g[3])) * V(by4),
          g[4]};
}

// G^T m
template <class L>
Taps taps_of(const Inputs& m) {
  const V a = m[1] * V(by1), b = m[2] * V(by2), c = m[3] * V(by3), d = m[4] * V(by4);
  const V sum = a + b, difference = a - b;
  return {m[0] + sum + (c + d), add_times<L>(add_times<L>(difference, 2, c), -0.5F, d),
          add_times<L>(add_times<L>(sum, 4, c), 0.25F, d),
          add_times<L>(add_times<L>(difference, 8, c), -0.125F, d),
          add_times<L>(add_times<L>(sum + m[5], 16, c), 0.0625F, d)};
}

}  // namespace
}  // namespace xgrad::kernels::winograd
