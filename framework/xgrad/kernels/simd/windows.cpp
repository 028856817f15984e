#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/windows.hpp>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

namespace xgrad::kernels {
namespace {

// A vector with the operations that the loops need.
template <class L, class T>
struct Whole {
  static constexpr Index width = static_cast<Index>(Batch<T>::size);
  Batch<T> v;
  static Whole load(const T* from) { return {Batch<T>::load_unaligned(from)}; }
  static Whole fill(T value) { return {Batch<T>(value)}; }
  void store(T* to) const { v.store_unaligned(to); }
  void add(const Whole& a) { v += a.v; }
  void add_product(const Whole& a, const Whole& b) { v = fused_multiply_add(a.v, b.v, v); }
};

#if defined(XGRAD_SIMD_AVX512)
// Half of one, which takes some CPUs half the time. Not xsimd's vector for AVX2, whose functions
// this compilation would fill with instructions that a CPU with AVX2 lacks.
template <class L>
struct HalfFloats {
  static constexpr Index width = 8;
  __m256 v;
  static HalfFloats load(const float* from) { return {_mm256_loadu_ps(from)}; }
  static HalfFloats fill(float value) { return {_mm256_set1_ps(value)}; }
  void store(float* to) const { _mm256_storeu_ps(to, v); }
  void add(const HalfFloats& a) { v = _mm256_add_ps(v, a.v); }
  void add_product(const HalfFloats& a, const HalfFloats& b) { v = _mm256_fmadd_ps(a.v, b.v, v); }
};
template <class L, class T>
using Half = std::conditional_t<std::is_same_v<T, float>, HalfFloats<L>, Whole<L, T>>;
#else
template <class L, class T>
using Half = Whole<L, T>;
#endif

// Sums in registers: of the 32 of AVX-512, or of 16; one or two are for the factors.
constexpr bool many_registers = std::is_same_v<Level, Avx512>;
constexpr Index most_places = many_registers ? 28 : 12;
constexpr Index most_pixels = many_registers ? 14 : 12;

// Stores a vector up to `end`.
template <class V, class T>
void store_until(const V& v, T* y, const T* end) {
  if (end - y >= V::width) return v.store(y);
  T lanes[V::width];
  v.store(lanes);
  std::copy_n(lanes, end - y, y);
}

// `Pixels` pixels of each line of a product.
template <class V, class T, Index Pixels>
void product_block(const Windows<T>& windows, const Lines& lines, const T* x, const T* w,
                   Index w_step, const T* start, T* y, Index y_step, Index columns) {
  const Index step = windows.step;
  for (Index line = 0; line < lines.count; ++line, x += lines.x_step, y += lines.y_step) {
    // What is about to be written is often not in the cache; it comes while the sums run.
    for (Index p = 0; p < Pixels; ++p) __builtin_prefetch(y + p * y_step, 1);
    // GCC keeps the sums in registers only if all loops over them are unrolled.
    V sum[Pixels];
#pragma GCC unroll 14
    for (Index p = 0; p < Pixels; ++p) sum[p] = start == nullptr ? V::fill(0) : V::load(start);
    const T *row = x, *weights = w;
    for (Index r = 0; r < windows.rows; ++r, row += windows.row_step, weights += w_step) {
      // Each pointer serves three pixels, so that all of them stay in registers.
      const T* pointers[(Pixels + 2) / 3];
#pragma GCC unroll 5
      for (Index p = 0; p < Pixels; p += 3) pointers[p / 3] = row + p * step;
      const T* factors = weights;
      for (Index i = 0; i < windows.run; ++i, factors += V::width) {
        const V factor = V::load(factors);
#pragma GCC unroll 14
        for (Index p = 0; p < Pixels; ++p)
          sum[p].add_product(V::fill(pointers[p / 3][p % 3 * step]), factor);
#pragma GCC unroll 5
        for (const T*& pointer : pointers) ++pointer;
      }
    }
    const T* const end = y + (Pixels - 1) * y_step + columns;
#pragma GCC unroll 14
    for (Index p = 0; p < Pixels; ++p) store_until(sum[p], y + p * y_step, end);
  }
}

template <class V, class T>
void product(const Windows<T>& windows, const Lines& lines, const T* w, Index w_step,
             const T* start, T* y, Index y_step, Index columns) {
  static constexpr auto blocks = []<Index... P>(std::integer_sequence<Index, P...>) {
    return std::array{&product_block<V, T, P + 1>...};
  }
  (std::make_integer_sequence<Index, most_pixels>{});
  // Blocks of nearly the same length, rather than full ones and a short rest.
  const Index count = (windows.pixels + most_pixels - 1) / most_pixels;
  for (Index k = 0; k < count; ++k) {
    const Index begin = windows.pixels * k / count, end = windows.pixels * (k + 1) / count;
    blocks[static_cast<std::size_t>(end - begin - 1)](windows, lines,
                                                      windows.x + begin * windows.step, w, w_step,
                                                      start, y + begin * y_step, y_step, columns);
  }
}

template <class V, class T>
void add_windows(const T* rows, Index lanes, const Overlap& s, Index first, Index pixels, T* y) {
  const Index c_step = s.stride * s.channels - lanes;
  const T* const end = y + pixels * s.channels;
  for (Index p = first; p < first + pixels; ++p, y += s.channels) {
    const Index least = std::max<Index>(p - (s.windows - 1) * s.stride, 0);
    const Index v = least + (p - least) % s.stride, last = std::min(p, s.taps - 1);
    const T* const tap = rows + (p - v) / s.stride * lanes + v * s.channels;
    for (Index c = 0; c < s.channels; c += V::width) {
      V sum = V::fill(0);
      const T* from = tap + c;
      for (Index u = v; u <= last; u += s.stride, from += c_step) sum.add(V::load(from));
      store_until(sum, y + c, end);
    }
  }
}

// `Places` places of each of `Rows` rows of a gradient.
template <class V, class T, Index Rows, Index Places>
void gradient_block(const Windows<T>& windows, const Lines& lines, const T* x, const T* dy,
                    Index dy_step, T* sums, Index sums_step) {
  V sum[Rows][Places];
#pragma GCC unroll 5
  for (Index r = 0; r < Rows; ++r)
#pragma GCC unroll 28
    for (Index i = 0; i < Places; ++i) sum[r][i] = V::load(sums + r * sums_step + i * V::width);
  for (Index line = 0; line < lines.count; ++line, x += lines.x_step, dy += lines.y_step) {
    const T* rows[Rows];
#pragma GCC unroll 5
    for (Index r = 0; r < Rows; ++r) rows[r] = x + r * windows.row_step;
    const T* gradient = dy;
    for (Index p = 0; p < windows.pixels; ++p, gradient += dy_step) {
      const V factor = V::load(gradient);
#pragma GCC unroll 5
      for (Index r = 0; r < Rows; ++r) {
#pragma GCC unroll 28
        for (Index i = 0; i < Places; ++i) sum[r][i].add_product(V::fill(rows[r][i]), factor);
        rows[r] += windows.step;
      }
    }
  }
#pragma GCC unroll 5
  for (Index r = 0; r < Rows; ++r)
#pragma GCC unroll 28
    for (Index i = 0; i < Places; ++i) sum[r][i].store(sums + r * sums_step + i * V::width);
}

template <class V, class T>
using GradientBlock = void (*)(const Windows<T>&, const Lines&, const T*, const T*, Index, T*,
                               Index);

// The blocks of `Rows` rows, by their places less one.
template <class V, class T, Index Rows>
constexpr auto gradient_blocks = []<Index... I>(std::integer_sequence<Index, I...>) {
  std::array<GradientBlock<V, T>, most_places> blocks{};
  ((blocks[I] = &gradient_block<V, T, Rows, I + 1>), ...);
  return blocks;
}
(std::make_integer_sequence<Index, most_places / Rows>{});

template <class V, class T>
void gradient(const Windows<T>& windows, const Lines& lines, const T* dy, Index dy_step, T* sums) {
  // Short runs go several rows at a time, long ones in pieces of nearly the same length.
  static constexpr std::array by_rows{gradient_blocks<V, T, 1>, gradient_blocks<V, T, 2>,
                                      gradient_blocks<V, T, 3>, gradient_blocks<V, T, 4>,
                                      gradient_blocks<V, T, 5>};
  const Index pieces = (windows.run + most_places - 1) / most_places;
  const Index most_rows = std::clamp<Index>(most_places / windows.run, 1, by_rows.size());
  const Index row_blocks = (windows.rows + most_rows - 1) / most_rows;
  for (Index b = 0; b < row_blocks; ++b) {
    const Index row = windows.rows * b / row_blocks;
    const Index rows = windows.rows * (b + 1) / row_blocks - row;
    for (Index k = 0; k < pieces; ++k) {
      const Index begin = windows.run * k / pieces, end = windows.run * (k + 1) / pieces;
      const auto compute =
          by_rows[static_cast<std::size_t>(rows - 1)][static_cast<std::size_t>(end - begin - 1)];
      compute(windows, lines, windows.x + row * windows.row_step + begin, dy, dy_step,
              sums + (row * windows.run + begin) * V::width, windows.run * V::width);
    }
  }
}

template <class V, class T>
constexpr WindowLoops<T> loops{
    .width = V::width,
    .product = product<V, T>,
    .add_windows = add_windows<V, T>,
    .gradient = gradient<V, T>,
};

}  // namespace

template <class L, class T>
PanelLoops<T> panel_loops() {
  return {.full = loops<Whole<L, T>, T>, .half = loops<Half<L, T>, T>};
}

template PanelLoops<float> panel_loops<Level, float>();
template PanelLoops<double> panel_loops<Level, double>();

}  // namespace xgrad::kernels
