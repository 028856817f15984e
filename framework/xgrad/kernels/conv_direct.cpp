// A convolution as sums over the windows of each row of pixels, read where they lie
// (simd/windows.hpp). With few channels, on either side, this keeps vectors full and needs no
// copies of patches: lanes run over the output channels or, for the input's gradient, over a kernel
// row and its channels.
//   y[p] = sum over rows u of window p of x_u w_u
//   dw_u = sum over pixels p of row u of window p, transposed, dy[p]
//   row u of window p of dx += dy[p] w_u, as the sum over all u that meet one row of dx

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/conv_paths.hpp>
#include <xgrad/kernels/simd/level.hpp>
#include <xgrad/kernels/simd/windows.hpp>

#include <algorithm>

namespace xgrad::kernels::direct {
namespace {

template <class T>
const PanelLoops<T>& panels() {
  static const auto functions =
      at_simd_level([]<class Level>() { return panel_loops<Level, T>(); });
  return functions;
}

// Calls f(loops, first column, columns, place) for the panels of n columns; the last ones first,
// since stores of one may reach over into the first columns of the next pixel. `place` counts
// lanes.
template <class T, class F>
void for_panels(Index n, F f) {
  const Index width = panels<T>().full.width, whole = n / width * width;
  if (whole < n) f(panels<T>().for_rest(n - whole), whole, n - whole, whole);
  for (Index column = whole - width; column >= 0; column -= width)
    f(panels<T>().full, column, width, column);
}

// Lanes of the panels of n columns.
template <class T>
Index lanes_of(Index n) {
  const Index width = panels<T>().full.width, rest = n % width;
  return n - rest + (rest == 0 ? 0 : panels<T>().for_rest(rest).width);
}

// Sizes that the passes share.
struct Plan {
  explicit Plan(const ConvShape& s)
      : shape(s),
        out_height(s.out_height()),
        out_width(s.out_width()),
        run(s.kernel.w * s.in_channels),
        line((s.width + 2 * s.padding.w) * s.in_channels),
        band(std::max<Index>(elements_per_band / (out_width * s.out_channels), 1)),
        padded(s.padding != Size2d(0)),
        chunk(images_per_chunk(s)),
        chunks((s.batch + chunk - 1) / chunk) {}

  Index image_size() const { return shape.height * shape.width * shape.in_channels; }
  Index padded_size() const { return padded ? (shape.height + 2 * shape.padding.h) * line : 0; }
  Index output_line() const { return out_width * shape.out_channels; }
  Index output_size() const { return out_height * output_line(); }
  Index step() const { return shape.stride.w * shape.in_channels; }
  Index x_step() const { return shape.stride.h * line; }

  // Those of a line of output that begins at x of a padded image; and of so many lines.
  template <class T>
  Windows<T> windows(const T* x) const {
    return {.x = x,
            .pixels = out_width,
            .step = step(),
            .rows = shape.kernel.h,
            .row_step = line,
            .run = run};
  }
  Lines lines(Index count) const { return {count, x_step(), output_line()}; }

  ConvShape shape;
  Index out_height, out_width;
  Index run, line;  // values of a kernel's row, of a padded image's row
  Index band;       // output rows that are worked on at once: they stay in the first cache
  bool padded;
  Index chunk, chunks;

  static constexpr Index elements_per_band = 1 << 12;
};

// An image with its padding, in `memory` or in place; the padding is zero already.
template <class T>
const T* with_padding(const Plan& p, const T* x, T* memory) {
  if (!p.padded) return x;
  const ConvShape& s = p.shape;
  const Index row = s.width * s.in_channels;
  T* to = memory + s.padding.h * p.line + s.padding.w * s.in_channels;
  for (Index i = 0; i < s.height; ++i, x += row, to += p.line) std::copy_n(x, row, to);
  return memory;
}

}  // namespace

bool fits(const ConvShape& s) {
  constexpr Index least_pixels = 4;  // of a row: fewer sums than that wait for each other
  return s.groups == 1 && s.dilation == Size2d(1) && s.out_width() >= least_pixels &&
         s.out_height() >= least_pixels;
}

template <class T>
Index vector_width() {
  return panels<T>().full.width;
}

template <class T>
double backward_data_use(const ConvShape& s) {
  constexpr double adding = 16;  // what adding up windows takes, in products
  const auto run = static_cast<double>(s.kernel.w * s.in_channels);
  const auto products =
      static_cast<double>(s.kernel.h * s.out_channels) / static_cast<double>(s.stride.h);
  return run / static_cast<double>(lanes_of<T>(s.kernel.w * s.in_channels)) * products /
         (products + adding);
}

template <class T>
void forward(const ConvShape& shape, const T* x, const T* w, const T* b, T* y) {
  const Plan p(shape);
  const Index o = shape.out_channels, patch = shape.patch(), lanes = lanes_of<T>(o);
  PoolArray<T> weights(lanes * (patch + 1));  // panels of [patch, width], and the bias
  T* const bias = weights.data() + lanes * patch;
  std::fill_n(weights.data(), weights.size(), T(0));
  if (b != nullptr) std::copy_n(b, o, bias);
  for_panels<T>(o, [&](const auto& loops, Index first, Index columns, Index place) {
    T* const panel = weights.data() + place * patch;
    for (Index i = 0; i < patch; ++i)
      for (Index k = 0; k < columns; ++k) panel[i * loops.width + k] = w[(first + k) * patch + i];
  });
  PoolArray<T> scratch(p.chunks * p.padded_size());
  parallel_for(shape.batch, p.chunk, [&](Index begin, Index end) {
    T* const memory = scratch.data() + begin / p.chunk * p.padded_size();
    std::fill_n(memory, p.padded_size(), T(0));
    for (Index image = begin; image < end; ++image) {
      const T* const source = with_padding(p, x + image * p.image_size(), memory);
      for (Index i = 0; i < p.out_height; i += p.band) {
        const Windows<T> windows = p.windows(source + i * p.x_step());
        const Lines lines = p.lines(std::min(p.band, p.out_height - i));
        T* const row = y + image * p.output_size() + i * p.output_line();
        for_panels<T>(o, [&](const auto& loops, Index first, Index columns, Index place) {
          loops.product(windows, lines, weights.data() + place * patch, p.run * loops.width,
                        bias + place, row + first, o, columns);
        });
      }
    }
  });
}

template <class T>
void backward_data(const ConvShape& shape, const T* dy, const T* w, T* dx) {
  const Plan p(shape);
  const Index o = shape.out_channels, patch = shape.patch(), lanes = lanes_of<T>(p.run);
  PoolArray<T> weights(lanes * o * shape.kernel.h);  // panels of [kh, o, width]
  std::fill_n(weights.data(), weights.size(), T(0));
  for_panels<T>(p.run, [&](const auto& loops, Index first, Index columns, Index place) {
    T* panel = weights.data() + place * o * shape.kernel.h;
    for (Index u = 0; u < shape.kernel.h; ++u)
      for (Index channel = 0; channel < o; ++channel, panel += loops.width)
        std::copy_n(w + channel * patch + u * p.run + first, columns, panel);
  });
  // What each pixel of y contributes to a row of dx, and what vectors reach beyond the last.
  const Index size = p.out_width * lanes + panels<T>().full.width;
  PoolArray<T> scratch(p.chunks * size);
  const Overlap overlap{.windows = p.out_width,
                        .stride = shape.stride.w,
                        .taps = shape.kernel.w,
                        .channels = shape.in_channels};
  const auto add_windows = panels<T>().for_rest(shape.in_channels).add_windows;
  parallel_for(shape.batch, p.chunk, [&](Index begin, Index end) {
    T* const sums = scratch.data() + begin / p.chunk * size;
    std::fill_n(sums, size, T(0));
    for (Index row = begin * shape.height; row < end * shape.height; ++row) {
      const T* const image = dy + row / shape.height * p.output_size();
      T* const target = dx + row * shape.width * shape.in_channels;
      const Index i = row % shape.height + shape.padding.h, stride = shape.stride.h;
      // Rows u of the kernel that meet row i of the image do so from row (i - u) / stride of y.
      const Index last = std::min(i, shape.kernel.h - 1);
      const Index least = std::max<Index>(i - (p.out_height - 1) * stride, 0);
      const Index u = least + (i - least) % stride;
      if (u > last) {
        std::fill_n(target, shape.width * shape.in_channels, T(0));
        continue;
      }
      const Windows<T> windows{.x = image + (i - u) / stride * p.output_line(),
                               .pixels = p.out_width,
                               .step = o,
                               .rows = (last - u) / stride + 1,
                               .row_step = -p.output_line(),
                               .run = o};
      for_panels<T>(p.run, [&](const auto& loops, Index, Index, Index place) {
        const T* const panel = weights.data() + place * o * shape.kernel.h;
        loops.product(windows, {}, panel + u * o * loops.width, stride * o * loops.width, nullptr,
                      sums + place, lanes, loops.width);
      });
      add_windows(sums, lanes, overlap, shape.padding.w, shape.width, target);
    }
  });
}

// Each chunk sums into a partial result of its own; these are then added in chunk order.
template <class T>
void backward_weights(const ConvShape& shape, const T* x, const T* dy, T* dw) {
  const Plan p(shape);
  const Index o = shape.out_channels, patch = shape.patch(), lanes = lanes_of<T>(o);
  const Index size = lanes * patch;  // of a partial result: panels of [patch, width]
  // Vectors of dy reach over into the next pixels: the last lines of all are read from a copy.
  const Index line = p.output_line(), beyond = lanes - o;
  const Index copied = std::min(p.out_height, std::max<Index>((beyond + line - 1) / line, 1));
  PoolArray<T> sums((p.chunks + 1) * size), scratch(p.chunks * p.padded_size());
  PoolArray<T> last(copied * line + beyond);
  const T* const end_of_dy = dy + shape.batch * p.output_size();
  std::fill_n(std::copy(end_of_dy - copied * line, end_of_dy, last.data()), beyond, T(0));
  T* const partials = sums.data() + size;
  parallel_for(shape.batch, p.chunk, [&](Index begin, Index end) {
    T* const memory = scratch.data() + begin / p.chunk * p.padded_size();
    T* const partial = partials + begin / p.chunk * size;
    std::fill_n(memory, p.padded_size(), T(0));
    std::fill_n(partial, size, T(0));
    for (Index image = begin; image < end; ++image) {
      const T* const source = with_padding(p, x + image * p.image_size(), memory);
      const Index count = p.out_height - (image + 1 == shape.batch ? copied : 0);
      for_panels<T>(o, [&](const auto& loops, Index first, Index, Index place) {
        loops.gradient(p.windows(source), p.lines(count), dy + image * p.output_size() + first, o,
                       partial + place * patch);
      });
      if (count == p.out_height) continue;
      for_panels<T>(o, [&](const auto& loops, Index first, Index, Index place) {
        loops.gradient(p.windows(source + count * p.x_step()), p.lines(copied), last.data() + first,
                       o, partial + place * patch);
      });
    }
  });
  sum_partials(partials, p.chunks, size, sums.data());
  for_panels<T>(o, [&](const auto& loops, Index first, Index columns, Index place) {
    const T* const panel = sums.data() + place * patch;
    for (Index k = 0; k < columns; ++k)
      for (Index i = 0; i < patch; ++i) dw[(first + k) * patch + i] = panel[i * loops.width + k];
  });
}

#define XGRAD_INSTANTIATE(T)                                                 \
  template Index vector_width<T>();                                          \
  template double backward_data_use<T>(const ConvShape&);                    \
  template void forward(const ConvShape&, const T*, const T*, const T*, T*); \
  template void backward_data(const ConvShape&, const T*, const T*, T*);     \
  template void backward_weights(const ConvShape&, const T*, const T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels::direct
