// Winograd's algorithm for 5x5 filters (simd/winograd.hpp) does 0.36 of the multiplications. The
// work goes in groups of tile rows, whose transformed data fits the second cache:
//   forward        y = A^T [U X] A,    U = G w G^T,  X = B^T x B
//   backward data  the same from dy, with filters turned around
//   backward weights  dw = G^T [sum of Dy X] G,  Dy = A dy A^T

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/conv_paths.hpp>
#include <xgrad/kernels/simd/bf16.hpp>
#include <xgrad/kernels/simd/level.hpp>
#include <xgrad/kernels/simd/winograd.hpp>
#include <xgrad/kernels/transpose.hpp>

#include <algorithm>
#include <array>
#include <mutex>

namespace xgrad::kernels::winograd {
namespace {

const WinogradLoops& loops() {
  static const auto functions =
      at_simd_level([]<class Level>() { return winograd_loops<Level>(); });
  return functions;
}

Index tiles_along(Index n) { return (n + outputs - 1) / outputs; }

// Whether it pays to compute a convolution, or its gradient with respect to x, in tiles of the
// image [height, width] that comes out.
bool suits(const ConvShape& s, Index height, Index width) {
  constexpr Index block = 16;
  const bool possible = s.kernel == Size2d(kernel) && s.stride == Size2d(1) &&
                        s.dilation == Size2d(1) && s.groups == 1 && s.padding.h < kernel &&
                        s.padding.w < kernel && s.in_channels % block == 0 &&
                        s.out_channels % block == 0;
  // Without wide vectors oneDNN wins: it goes by the CPU, not by the level.
  if (!possible || simd_level() == SimdLevel::baseline || rounds_to_bf16()) return false;
  // The transforms cost about as much as the products, so these must be half as many as those of
  // the windows, of which a few large tiles of a small image may have more than their share.
  const Index tiles = tiles_along(height) * tiles_along(width);
  const Index windows = std::min(s.out_height() * s.out_width(), s.height * s.width);
  if (2 * points * tiles > kernel * kernel * windows) return false;
  // Nor must the filters be too many to be transformed for that many tiles.
  constexpr Index filters_per_tile = 1 << 11;
  return s.in_channels * s.out_channels <= filters_per_tile * s.batch * tiles;
}

// Matrices of so many rows and columns, one for each point, a line further apart than they need to
// be: at a power of two, all points would compete for a few lines of the first cache.
struct Matrices {
  Matrices(Index rows, Index columns) : point_stride(rows * columns + 16) {}
  Index size() const { return points * point_stride; }
  WinogradData at(float* data) const { return {data, point_stride}; }
  Index point_stride;
};

// Images that go in, with padding around them, and images that come out in as many tiles. Rows of
// tiles are counted through all images.
struct Plan {
  Plan(const ConvShape& s, WinogradImage in_, WinogradImage out_)
      : in(in_),
        out(out_),
        tile_rows(tiles_along(out.height)),
        tile_columns(tiles_along(out.width)) {
    in.tile_columns = out.tile_columns = tile_columns;
    rows = s.batch * tile_rows;
    chunk = chunk_for(rows, points * tile_columns * in.channels * out.channels);
    set_group();
  }

  // Divides a chunk into groups of nearly the same size, whose transformed data fits the second
  // cache if that leaves enough tiles to make reading the filters worth while.
  void set_group() {
    constexpr Index in_second_cache = 1 << 17, enough_tiles = 32;
    const Index row_size = points * tile_columns * (in.channels + out.channels);
    const Index most = std::max<Index>(
        {in_second_cache / row_size, (enough_tiles + tile_columns - 1) / tile_columns, 1});
    const Index groups = (chunk + most - 1) / most;
    group = (chunk + groups - 1) / groups;
  }

  Index tiles(Index row_count) const { return row_count * tile_columns; }
  Index chunks() const { return (rows + chunk - 1) / chunk; }

  // What rows begin..end-1 of tiles cover of the images at x; past the last row that is nothing.
  std::span<const float> covered(const WinogradImage& image, const float* x, Index begin,
                                 Index end) const {
    const auto offset = [&](Index row) {
      const Index line =
          row / tile_rows * image.height + std::min(row % tile_rows * outputs, image.height);
      return line * image.width * image.channels;
    };
    begin = std::min(begin, rows), end = std::min(end, rows);
    return {x + offset(begin), x + offset(end)};
  }

  // Calls f(image, row of tiles within it, first tile in the group) for rows begin..end-1.
  template <class F>
  void for_each_row(Index begin, Index end, F f) const {
    for (Index row = begin; row < end; ++row)
      f(row / tile_rows, row % tile_rows, tiles(row - begin));
  }

  WinogradImage in, out;
  Index tile_rows, tile_columns;  // of an image
  Index rows = 0;                 // of tiles, of all images
  Index group = 1, chunk = 1;     // rows that are worked on at once, and by one thread
};

Plan forward_plan(const ConvShape& s) {
  return {s,
          {s.height, s.width, s.in_channels, s.padding},
          {s.out_height(), s.out_width(), s.out_channels}};
}
Plan backward_plan(const ConvShape& s) {
  return {s,
          {s.out_height(),
           s.out_width(),
           s.out_channels,
           {kernel - 1 - s.padding.h, kernel - 1 - s.padding.w}},
          {s.height, s.width, s.in_channels}};
}

// Scratch for as many chunks as run at once. What was given back last is taken first, so that a
// thread finds it in its cache.
class Scratch {
 public:
  Scratch(Index size, Index chunks)
      : free_(std::min<Index>(chunks, num_threads())), memory_(size * free_.size()) {
    for (float*& piece : free_.span()) piece = memory_.data() + size * count_++;
  }

  template <class F>
  void lend(F f) {
    float* piece = nullptr;
    {
      const std::lock_guard lock(mutex_);
      piece = free_.data()[--count_];
    }
    f(piece);
    const std::lock_guard lock(mutex_);
    free_.data()[count_++] = piece;
  }

 private:
  PoolArray<float*> free_;
  PoolArray<float> memory_;
  Index count_ = 0;
  std::mutex mutex_;
};

// Filters w [O, 5, 5, C] as rows O and columns C.
template <class T>
WinogradFilters<T> filters_of(const ConvShape& s, T* w) {
  return {w, s.in_channels, s.patch(), s.out_channels, s.in_channels};
}

// Transformed filters.
class TransformedFilters {
 public:
  explicit TransformedFilters(const WinogradFilters<const float>& filters)
      : matrices_(filters.rows, filters.columns), memory_(matrices_.size()) {
    constexpr Index rows_per_chunk = 16;
    parallel_for(filters.rows, rows_per_chunk, [&](Index begin, Index end) {
      WinogradFilters<const float> part = filters;
      part.data += begin * filters.row_stride;
      part.rows = end - begin;
      loops().transform_filters(part, matrices_.at(memory_.data() + begin * filters.columns));
    });
  }
  WinogradData get() { return matrices_.at(memory_.data()); }

 private:
  Matrices matrices_;
  PoolArray<float> memory_;
};

// y = x * filters + bias; the filters have a row for each channel of x.
void convolve(const Plan& p, const float* x, TransformedFilters filters, const float* bias,
              float* y) {
  const Index most_tiles = p.tiles(p.group);
  const Index in_size = Matrices(most_tiles, p.in.channels).size();
  const Index x_size = p.in.height * p.in.width * p.in.channels;
  const Index y_size = p.out.height * p.out.width * p.out.channels;
  Scratch scratch(in_size + Matrices(most_tiles, p.out.channels).size(), p.chunks());
  parallel_for(p.rows, p.chunk, [&](Index chunk_begin, Index chunk_end) {
    scratch.lend([&](float* memory) {
      for (Index begin = chunk_begin; begin < chunk_end; begin += p.group) {
        const Index end = std::min(begin + p.group, chunk_end), tiles = p.tiles(end - begin);
        const WinogradData in = Matrices(tiles, p.in.channels).at(memory);
        const WinogradData out = Matrices(tiles, p.out.channels).at(memory + in_size);
        p.for_each_row(begin, end, [&](Index image, Index row, Index first) {
          loops().transform_input(p.in, x + image * x_size, row,
                                  {in.data + first * p.in.channels, in.point_stride});
        });
        loops().multiply(
            in, filters.get(), tiles, p.in.channels, p.out.channels, false, out,
            std::array{p.covered(p.out, y, begin, end), p.covered(p.in, x, end, end + p.group)});
        p.for_each_row(begin, end, [&](Index image, Index row, Index first) {
          loops().transform_output(p.out, {out.data + first * p.out.channels, out.point_stride},
                                   bias, row, y + image * y_size);
        });
      }
    });
  });
}

}  // namespace

bool forward(const ConvShape& shape, const float* x, const float* w, const float* b, float* y) {
  if (!suits(shape, shape.out_height(), shape.out_width())) return false;
  // A row for each channel of x wants [5, 5, C, O].
  PoolArray<float> turned(shape.out_channels * shape.patch());
  transpose(w, shape.patch(), turned.data(), shape.out_channels, shape.out_channels, shape.patch());
  convolve(forward_plan(shape), x,
           TransformedFilters({turned.data(), shape.in_channels * shape.out_channels,
                               shape.out_channels, shape.in_channels, shape.out_channels}),
           b, y);
  return true;
}

bool backward_data(const ConvShape& shape, const float* dy, const float* w, float* dx) {
  if (!suits(shape, shape.height, shape.width)) return false;
  auto turned_around = filters_of(shape, w);
  turned_around.data += (kernel * kernel - 1) * turned_around.tap_stride;
  turned_around.tap_stride *= -1;
  convolve(backward_plan(shape), dy, TransformedFilters(turned_around), nullptr, dx);
  return true;
}

// Each chunk sums up a gradient of its own; these are added in chunk order.
bool backward_weights(const ConvShape& shape, const float* x, const float* dy, float* dw) {
  if (!suits(shape, shape.out_height(), shape.out_width())) return false;
  Plan p = forward_plan(shape);
  constexpr Index tiles_per_partial = 64;  // to make transforming the sums cheap
  p.chunk = std::max(p.chunk, (tiles_per_partial + p.tile_columns - 1) / p.tile_columns);
  p.set_group();

  const Index most_tiles = p.tiles(p.group);
  const Matrices sums(shape.out_channels, shape.in_channels);
  const Index in_size = Matrices(most_tiles, p.in.channels).size();
  const Index out_size = Matrices(most_tiles, p.out.channels).size();
  const Index x_size = p.in.height * p.in.width * p.in.channels;
  const Index y_size = p.out.height * p.out.width * p.out.channels;
  const Index weights = shape.out_channels * shape.patch();
  Scratch scratch(in_size + out_size + sums.size(), p.chunks());
  PoolArray<float> partials(p.chunks() * weights);
  parallel_for(p.rows, p.chunk, [&](Index chunk_begin, Index chunk_end) {
    scratch.lend([&](float* memory) {
      const WinogradData sum = sums.at(memory + in_size + out_size);
      for (Index begin = chunk_begin; begin < chunk_end; begin += p.group) {
        const Index end = std::min(begin + p.group, chunk_end), tiles = p.tiles(end - begin);
        const WinogradData in = Matrices(tiles, p.in.channels).at(memory);
        const WinogradData out = Matrices(tiles, p.out.channels).at(memory + in_size);
        p.for_each_row(begin, end, [&](Index image, Index row, Index first) {
          loops().transform_input(p.in, x + image * x_size, row,
                                  {in.data + first * p.in.channels, in.point_stride});
          loops().transform_gradient(p.out, dy + image * y_size, row,
                                     {out.data + first * p.out.channels, out.point_stride});
        });
        loops().multiply_transposed(out, in, p.out.channels, tiles, p.in.channels,
                                    begin != chunk_begin, sum,
                                    std::array{p.covered(p.in, x, end, end + p.group),
                                               p.covered(p.out, dy, end, end + p.group)});
      }
      loops().transform_filter_gradients(
          sum, filters_of(shape, partials.data() + chunk_begin / p.chunk * weights));
    });
  });
  sum_partials(partials.data(), p.chunks(), weights, dw);
  return true;
}

}  // namespace xgrad::kernels::winograd
