#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/columns.hpp>

#include <algorithm>
#include <array>
#include <numeric>

namespace xgrad::kernels {
namespace {

template <class T>
inline constexpr Index width = static_cast<Index>(Batch<T>::size);

// A strip is this many vectors that are walked down the rows side by side: their parameters and
// sums stay in registers, and an addition need not wait for the one before.
constexpr Index unroll = 4;

template <class T, std::size_t N>
using Batches = std::array<Batch<T>, N>;

// The first `left` lanes of memory that may end there; the others are 0.
template <class L, class T>
Batch<T> load_part(const T* source, Index left) {
  alignas(64) T lanes[width<T>] = {};
  std::copy_n(source, left, lanes);
  return Batch<T>::load_aligned(lanes);
}

template <class L, class T, std::size_t P>
Batches<T, P> load_parameters(const std::array<const T*, P>& parameters, Index lane) {
  Batches<T, P> loaded;
  for (std::size_t k = 0; k < P; ++k) loaded[k] = Batch<T>::load_unaligned(parameters[k] + lane);
  return loaded;
}

// sums[m][k] = the sum over lane k of terms(parameters, x...)[m], for U vectors of lanes.
template <class L, Index U, class T, std::size_t M, std::size_t P, class F, class... X>
void sum_strip(Index lane, Index n, Index period, const std::array<const T*, P>& parameters,
               const std::array<T*, M>& sums, F terms, const X*... x) {
  constexpr Index w = width<T>;
  Batches<T, P> p[U];
  Batches<T, M> total[U];
  for (Index v = 0; v < U; ++v) {
    p[v] = load_parameters<L>(parameters, lane + v * w);
    total[v].fill(Batch<T>(T(0)));
  }
  Index i = lane;
  for (; i + U * w <= n; i += period) {
#pragma GCC unroll 4
    for (Index v = 0; v < U; ++v) {
      const auto t = terms(p[v], Batch<T>::load_unaligned(x + i + v * w)...);
      for (std::size_t m = 0; m < M; ++m) total[v][m] += t[m];
    }
  }
  for (Index v = 0; v < U && i + v * w < n; ++v) {  // the last row may end inside the strip
    const Index left = std::min(n - i - v * w, w);
    const auto t = terms(p[v], load_part<L>(x + i + v * w, left)...);
    for (std::size_t m = 0; m < M; ++m) {
      alignas(64) T lanes[w];
      t[m].store_aligned(lanes);
      total[v][m] += load_part<L>(lanes, left);
    }
  }
  for (Index v = 0; v < U; ++v)
    for (std::size_t m = 0; m < M; ++m) total[v][m].store_unaligned(sums[m] + lane + v * w);
}

// y = f(parameters, x...) for U vectors of lanes.
template <class L, Index U, class T, std::size_t P, class F, class... X>
void map_strip(Index lane, Index n, Index period, const std::array<const T*, P>& parameters, T* y,
               F f, const X*... x) {
  constexpr Index w = width<T>;
  Batches<T, P> p[U];
  for (Index v = 0; v < U; ++v) p[v] = load_parameters<L>(parameters, lane + v * w);
  Index i = lane;
  for (; i + U * w <= n; i += period) {
#pragma GCC unroll 4
    for (Index v = 0; v < U; ++v)
      f(p[v], Batch<T>::load_unaligned(x + i + v * w)...).store_unaligned(y + i + v * w);
  }
  for (Index v = 0; v < U && i + v * w < n; ++v) {
    const Index left = std::min(n - i - v * w, w);
    alignas(64) T lanes[w];
    f(p[v], load_part<L>(x + i + v * w, left)...).store_aligned(lanes);
    std::copy_n(lanes, left, y + i + v * w);
  }
}

// Calls strip(lane, number of vectors as a constant) for the strips that make up the period.
template <class L, class T, class Strip>
void for_strips(Index period, Strip strip) {
  constexpr Index w = width<T>;
  Index lane = 0;
  for (; lane + unroll * w <= period; lane += unroll * w)
    strip(lane, std::integral_constant<Index, unroll>());
  for (; lane < period; lane += w) strip(lane, std::integral_constant<Index, 1>());
}

template <class L, class T, std::size_t M, std::size_t P, class F, class... X>
void sum_columns(Index n, Index period, std::array<const T*, P> parameters, std::array<T*, M> sums,
                 F terms, const X*... x) {
  for_strips<L, T>(period, [&]<Index U>(Index lane, std::integral_constant<Index, U>) {
    sum_strip<L, U>(lane, n, period, parameters, sums, terms, x...);
  });
}

template <class L, class T, std::size_t P, class F, class... X>
void map_columns(Index n, Index period, std::array<const T*, P> parameters, T* y, F f,
                 const X*... x) {
  for_strips<L, T>(period, [&]<Index U>(Index lane, std::integral_constant<Index, U>) {
    map_strip<L, U>(lane, n, period, parameters, y, f, x...);
  });
}

// Whole strips, where that does not make the period (the length of the parameters) long.
template <class L, class T>
Index period_of(Index channels) {
  constexpr Index longest = 1024;
  const Index whole_strips = std::lcm(channels, unroll * width<T>);
  return whole_strips <= longest ? whole_strips : std::lcm(channels, width<T>);
}

}  // namespace

template <class L, class T>
ColumnLoops<T> column_loops() {
  using B = Batch<T>;
  using One = Batches<T, 1>;
  using Four = Batches<T, 4>;
  return {
      .period = period_of<L, T>,
      .sum =
          [](const T* x, Index n, Index period, T* sums) {
            sum_columns<L, T, 1, 0>(
                n, period, {}, {sums}, [](const auto&, B v) { return One{v}; }, x);
          },
      .square_deviation =
          [](const T* x, Index n, Index period, const T* mean, T* sums) {
            const auto square = [](const One& p, B v) { return One{(v - p[0]) * (v - p[0])}; };
            sum_columns<L, T, 1, 1>(n, period, {mean}, {sums}, square, x);
          },
      .gradient_sums =
          [](const T* dy, const T* x, Index n, Index period, const T* mean, T* sum_dy, T* sum_dyx) {
            const auto terms = [](const One& p, B d, B v) {
              return Batches<T, 2>{d, d * (v - p[0])};
            };
            sum_columns<L, T, 2, 1>(n, period, {mean}, {sum_dy, sum_dyx}, terms, dy, x);
          },
      .normalize =
          [](const T* x, Index n, Index period, const T* mean, const T* scale, const T* shift,
             T* y) {
            const auto f = [](const Batches<T, 3>& p, B v) {
              return xsimd::fma(v - p[0], p[1], p[2]);
            };
            map_columns<L, T, 3>(n, period, {mean, scale, shift}, y, f, x);
          },
      .input_gradient =
          [](const T* dy, const T* x, Index n, Index period, const T* mean, const T* a, const T* b,
             const T* c, T* dx) {
            const auto f = [](const Four& p, B d, B v) {
              return xsimd::fma(d, p[1], xsimd::fma(v - p[0], p[2], p[3]));
            };
            map_columns<L, T, 4>(n, period, {mean, a, b, c}, dx, f, dy, x);
          },
  };
}

template ColumnLoops<float> column_loops<Level, float>();
template ColumnLoops<double> column_loops<Level, double>();

}  // namespace xgrad::kernels
