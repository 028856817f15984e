#include <xgrad/kernels/simd/winograd_products.hpp>

#include <algorithm>

namespace xgrad::kernels {
namespace winograd {
namespace {

// f(0), f(1), ... f(N - 1), written out, so that arrays that they index stay in registers.
template <std::size_t N, class F>
void unrolled(F f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (f(I), ...); }
  (std::make_index_sequence<N>{});
}

// M x M^T for a square x, M being `transform`: down the columns, then along the rows.
template <std::size_t From, std::size_t To, class Transform, class Load, class Store>
void transform_square(Transform transform, Load load, Store store) {
  std::array<std::array<V, From>, To> half;
  unrolled<From>([&](std::size_t j) {
    std::array<V, From> column;
    unrolled<From>([&](std::size_t i) { column[i] = load(i, j); });
    const std::array<V, To> changed = transform(column);
    unrolled<To>([&](std::size_t i) { half[i][j] = changed[i]; });
  });
  unrolled<To>([&](std::size_t i) {
    const std::array<V, To> row = transform(half[i]);
    unrolled<To>([&](std::size_t j) { store(i, j, row[j]); });
  });
}

Index point(std::size_t i, std::size_t j) { return static_cast<Index>(i * tile + j); }
Index tap(std::size_t u, std::size_t v) { return static_cast<Index>(u * kernel + v); }

// Tiles of a row overlap: columns are transformed once for a run of so many tiles. They then fill
// half of the first cache.
constexpr Index run = 8;
constexpr Index run_columns = run * outputs + kernel - 1;

// Tiles first..last-1 of a tile row, from channel c.
template <class L>
void transform_input_run(const WinogradImage& image, const float* x, Index row, Index first,
                         Index last, Index c, WinogradData to) {
  alignas(64) float half[tile][run_columns][width];
  const Index top = row * outputs - image.padding.h, left = first * outputs - image.padding.w;
  const Index begin = std::clamp<Index>(-top, 0, tile);
  const Index end = std::clamp<Index>(image.height - top, begin, tile);
  const Index columns = (last - first) * outputs + kernel - 1;
  for (Index j = 0; j < columns; ++j) {
    Inputs d;
    unrolled<tile>([&](std::size_t i) { d[i] = V(0.0F); });
    if (0 <= left + j && left + j < image.width) {
      const Index row_stride = image.width * image.channels;
      const Index pixel = (top * image.width + left + j) * image.channels + c;
      unrolled<tile>([&](std::size_t i) {
        const auto u = static_cast<Index>(i);
        if (begin <= u && u < end) d[i] = V::load_unaligned(x + (pixel + u * row_stride));
      });
      d = input_points<L>(d);
    }
    unrolled<tile>([&](std::size_t i) { d[i].store_aligned(half[i][j]); });
  }
  for (Index t = first; t < last; ++t)
    for (Index i = 0; i < tile; ++i) {
      Inputs d;
      unrolled<tile>([&](std::size_t j) {
        d[j] = V::load_aligned(half[i][(t - first) * outputs + static_cast<Index>(j)]);
      });
      d = input_points<L>(d);
      float* const place = to.data + i * tile * to.point_stride + t * image.channels + c;
      unrolled<tile>([&](std::size_t j) {
        d[j].store_unaligned(place + static_cast<Index>(j) * to.point_stride);
      });
    }
}

template <class L>
void transform_input(const WinogradImage& image, const float* x, Index row, WinogradData to) {
  for (Index first = 0; first < image.tile_columns; first += run)
    for (Index c = 0; c < image.channels; c += width)
      transform_input_run<L>(image, x, row, first, std::min(first + run, image.tile_columns), c,
                             to);
}

// Calls f(offset of the tile's channels among those of a tile row, offset of its first pixel,
// its height, its width) for the tiles of a row and each vector of channels.
template <class F>
void for_each_tile(const WinogradImage& image, Index row, F f) {
  const Index top = row * outputs, height = std::min(outputs, image.height - top);
  for (Index j = 0; j < image.tile_columns; ++j) {
    const Index left = j * outputs, pixel = (top * image.width + left) * image.channels;
    for (Index c = 0; c < image.channels; c += width)
      f(j * image.channels + c, pixel + c, height, std::min(outputs, image.width - left));
  }
}

template <class L>
void transform_gradient(const WinogradImage& image, const float* dy, Index row, WinogradData to) {
  const Index row_stride = image.width * image.channels;
  for_each_tile(image, row, [&](Index offset, Index pixel, Index height, Index columns) {
    transform_square<outputs, tile>(
        [](const Outputs& y) { return gradient_points<L>(y); },
        [&](std::size_t i, std::size_t j) {
          const auto u = static_cast<Index>(i), v = static_cast<Index>(j);
          if (u >= height || v >= columns) return V(0.0F);
          return V::load_unaligned(dy + pixel + u * row_stride + v * image.channels);
        },
        [&](std::size_t i, std::size_t j, const V& value) {
          value.store_unaligned(to.data + offset + point(i, j) * to.point_stride);
        });
  });
}

template <class L>
void transform_output(const WinogradImage& image, WinogradData from, const float* bias, Index row,
                      float* y) {
  const Index row_stride = image.width * image.channels;
  for_each_tile(image, row, [&](Index offset, Index pixel, Index height, Index columns) {
    const V b = bias == nullptr ? V(0.0F) : V::load_unaligned(bias + offset % image.channels);
    transform_square<tile, outputs>(
        [](const Inputs& m) { return outputs_of<L>(m); },
        [&](std::size_t i, std::size_t j) {
          return V::load_unaligned(from.data + offset + point(i, j) * from.point_stride);
        },
        [&](std::size_t i, std::size_t j, const V& value) {
          const auto u = static_cast<Index>(i), v = static_cast<Index>(j);
          if (u < height && v < columns)
            (value + b).store_unaligned(y + pixel + u * row_stride + v * image.channels);
        });
  });
}

// Calls f(offset of its filters' channels in a point, that of their first tap) for each vector of a
// matrix of filters.
template <class T, class F>
void for_each_filter(const WinogradFilters<T>& filters, F f) {
  for (Index r = 0; r < filters.rows; ++r)
    for (Index c = 0; c < filters.columns; c += width)
      f(r * filters.columns + c, filters.data + r * filters.row_stride + c);
}

template <class L>
void transform_filters(const WinogradFilters<const float>& filters, WinogradData to) {
  for_each_filter(filters, [&](Index offset, const float* taps) {
    transform_square<kernel, tile>(
        [](const Taps& g) { return filter_points<L>(g); },
        [&](std::size_t u, std::size_t v) {
          return V::load_unaligned(taps + tap(u, v) * filters.tap_stride);
        },
        [&](std::size_t i, std::size_t j, const V& value) {
          value.store_unaligned(to.data + offset + point(i, j) * to.point_stride);
        });
  });
}

template <class L>
void transform_filter_gradients(WinogradData from, const WinogradFilters<float>& filters) {
  for_each_filter(filters, [&](Index offset, float* taps) {
    transform_square<tile, kernel>(
        [](const Inputs& m) { return taps_of<L>(m); },
        [&](std::size_t i, std::size_t j) {
          return V::load_unaligned(from.data + offset + point(i, j) * from.point_stride);
        },
        [&](std::size_t u, std::size_t v, const V& value) {
          value.store_unaligned(taps + tap(u, v) * filters.tap_stride);
        });
  });
}

}  // namespace
}  // namespace winograd

template <class L>
WinogradLoops winograd_loops() {
  return {.transform_input = winograd::transform_input<L>,
          .transform_gradient = winograd::transform_gradient<L>,
          .transform_output = winograd::transform_output<L>,
          .transform_filters = winograd::transform_filters<L>,
          .transform_filter_gradients = winograd::transform_filter_gradients<L>,
          .multiply = winograd::multiply<L, false>,
          .multiply_transposed = winograd::multiply<L, true>};
}

template WinogradLoops winograd_loops<Level>();

}  // namespace xgrad::kernels
