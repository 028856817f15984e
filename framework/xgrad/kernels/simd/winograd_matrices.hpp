#pragma once
// The matrices of winograd.hpp in one dimension, each applied to vectors of channels. They are
// those of Toom and Cook for the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity; of all sets of
// points that were tried, these have the smallest rounding errors. Points a and -a have the same
// even part and opposite odd parts.

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
  const V e1 = add_times<L>(d[2] + d[6], -4.25F, d[4]);
  const V o1 = add_times<L>(d[1] + d[5], -4.25F, d[3]);
  const V e2 = add_times<L>(add_times<L>(d[6], -1.25F, d[4]), 0.25F, d[2]);
  const V o2 = add_times<L>(add_times<L>(d[5], -1.25F, d[3]), 0.25F, d[1]);
  const V e3 = add_times<L>(add_times<L>(d[6], -5, d[4]), 4, d[2]);
  const V o3 = add_times<L>(add_times<L>(d[5], -5, d[3]), 4, d[1]);
  return {add_times<L>(d[0] - d[6], 5.25F, d[4] - d[2]),
          e1 + o1,
          e1 - o1,
          add_times<L>(e2, 2, o2),
          add_times<L>(e2, -2, o2),
          add_times<L>(e3, 0.5F, o3),
          add_times<L>(e3, -0.5F, o3),
          add_times<L>(d[7] - d[1], 5.25F, d[3] - d[5])};
}

// A^T m
template <class L>
Outputs outputs_of(const Inputs& m) {
  const V s1 = m[1] + m[2], d1 = m[1] - m[2];
  const V s2 = m[3] + m[4], d2 = m[3] - m[4];
  const V s3 = m[5] + m[6], d3 = m[5] - m[6];
  return {m[0] + s1 + (s2 + s3), add_times<L>(add_times<L>(d1, 2, d2), 0.5F, d3),
          add_times<L>(add_times<L>(s1, 4, s2), 0.25F, s3),
          add_times<L>(add_times<L>(d1 + m[7], 8, d2), 0.125F, d3)};
}

// A y
template <class L>
Inputs gradient_points(const Outputs& y) {
  const V e1 = y[0] + y[2], o1 = y[1] + y[3];
  const V e2 = add_times<L>(y[0], 4, y[2]), o2 = add_times<L>(y[1], 4, y[3]);
  const V e3 = add_times<L>(y[0], 0.25F, y[2]), o3 = add_times<L>(y[1], 0.25F, y[3]);
  return {y[0],
          e1 + o1,
          e1 - o1,
          add_times<L>(e2, 2, o2),
          add_times<L>(e2, -2, o2),
          add_times<L>(e3, 0.5F, o3),
          add_times<L>(e3, -0.5F, o3),
          y[3]};
}

// A row of G is divided by the product of its point's differences to the other points. So much for
// 1, 2 and 1/2, and for their opposites.
constexpr float by1 = -2.0F / 9, by2 = 1.0F / 90, by3 = 32.0F / 45;

// G g
template <class L>
Inputs filter_points(const Taps& g) {
  const V e1 = g[0] + g[2] + g[4], o1 = g[1] + g[3];
  const V e2 = add_times<L>(add_times<L>(g[0], 4, g[2]), 16, g[4]);
  const V o2 = add_times<L>(g[1], 4, g[3]) * V(2);
  const V e3 = add_times<L>(add_times<L>(g[0], 0.25F, g[2]), 0.0625F, g[4]);
  const V o3 = add_times<L>(g[1], 0.25F, g[3]) * V(0.5F);
  return {g[0],
          (e1 + o1) * V(by1),
          (e1 - o1) * V(by1),
          (e2 + o2) * V(by2),
          (e2 - o2) * V(by2),
          (e3 + o3) * V(by3),
          (e3 - o3) * V(by3),
          g[4]};
}

// G^T m
template <class L>
Taps taps_of(const Inputs& m) {
  const V s1 = (m[1] + m[2]) * V(by1), d1 = (m[1] - m[2]) * V(by1);
  const V s2 = (m[3] + m[4]) * V(by2), d2 = (m[3] - m[4]) * V(by2);
  const V s3 = (m[5] + m[6]) * V(by3), d3 = (m[5] - m[6]) * V(by3);
  return {m[0] + s1 + (s2 + s3), add_times<L>(add_times<L>(d1, 2, d2), 0.5F, d3),
          add_times<L>(add_times<L>(s1, 4, s2), 0.25F, s3),
          add_times<L>(add_times<L>(d1, 8, d2), 0.125F, d3),
          add_times<L>(add_times<L>(s1 + m[7], 16, s2), 0.0625F, s3)};
}

}  // namespace
}  // namespace xgrad::kernels::winograd
