// A convolution is a product of matrices: the rows of `patches` are what each output pixel sees of
// the input, [pixels, kh * kw * C/groups], and with w as [O/groups, kh * kw * C/groups]
//   y = patches w^T      dpatches = dy w      dw = dy^T patches
// for each group. The work goes in bands of output rows, whose patches fit a cache.

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/conv_paths.hpp>
#include <xgrad/kernels/gemm.hpp>

#include <algorithm>

namespace xgrad::kernels::im2col {
namespace {

// Sizes that all three passes share. An output row is counted through all images:
// 0..batch*out_height-1.
struct Plan {
  explicit Plan(const ConvShape& s)
      : shape(s),
        out_height(s.out_height()),
        out_width(s.out_width()),
        group_in(s.in_channels / s.groups),
        group_out(s.out_channels / s.groups),
        patch(s.patch()),
        pointwise(s.kernel == Size2d(1) && s.stride == Size2d(1) && s.padding == Size2d(0)),
        band(std::max<Index>(elements_per_band / (out_width * patch), 1)),
        scratch(pointwise ? 0 : std::min(band, s.batch * out_height) * out_width * patch) {}

  static constexpr Index elements_per_band = 1 << 16;

  ConvShape shape;
  Index out_height, out_width;
  Index group_in, group_out;  // channels of a group
  Index patch;                // columns of the patches
  bool pointwise;             // the patches are the pixels themselves
  Index band;                 // output rows that are worked on at once
  Index scratch;              // elements of a band's patches
};

Index chunks_of(Index n, Index chunk) { return (n + chunk - 1) / chunk; }

// Calls f(patch, pixels, count) for the runs of values that output rows begin..end-1 of a group
// see: `patch` is their place in the patches and `pixels` that in the image, null in the padding.
template <class T, class Image, class F>
void for_each_run(const Plan& p, Index group, Index begin, Index end, Image* x, T* patch, F f) {
  const ConvShape& s = p.shape;
  const bool adjacent = s.dilation.w == 1 && s.groups == 1;  // the taps of a kernel row are one run
  const Index channels = p.group_in;
  for (Index row = begin; row < end; ++row) {
    Image* const image =
        x + row / p.out_height * s.height * s.width * s.in_channels + group * channels;
    const Index top = row % p.out_height * s.stride.h - s.padding.h;
    for (Index left = -s.padding.w; left < p.out_width * s.stride.w - s.padding.w;
         left += s.stride.w) {
      for (Index u = 0; u < s.kernel.h; ++u, patch += s.kernel.w * channels) {
        const Index i = top + u * s.dilation.h;
        if (i < 0 || i >= s.height) {
          f(patch, static_cast<Image*>(nullptr), s.kernel.w * channels);
        } else if (adjacent) {
          const Index first = std::clamp<Index>(-left, 0, s.kernel.w);
          const Index last = std::clamp<Index>(s.width - left, first, s.kernel.w);
          if (first > 0) f(patch, static_cast<Image*>(nullptr), first * channels);
          if (first < last)
            f(patch + first * channels, image + (i * s.width + left + first) * channels,
              (last - first) * channels);
          if (last < s.kernel.w)
            f(patch + last * channels, static_cast<Image*>(nullptr),
              (s.kernel.w - last) * channels);
        } else {
          for (Index v = 0; v < s.kernel.w; ++v) {
            const Index j = left + v * s.dilation.w;
            const bool inside = 0 <= j && j < s.width;
            f(patch + v * channels, inside ? image + (i * s.width + j) * s.in_channels : nullptr,
              channels);
          }
        }
      }
    }
  }
}

template <class T>
void gather(const Plan& p, Index group, Index begin, Index end, const T* x, T* patches) {
  for_each_run(p, group, begin, end, x, patches, [](T* patch, const T* pixel, Index count) {
    if (pixel != nullptr)
      std::copy_n(pixel, count, patch);
    else
      std::fill_n(patch, count, T(0));
  });
}

template <class T>
void scatter_add(const Plan& p, Index group, Index begin, Index end, T* patches, T* dx) {
  for_each_run(p, group, begin, end, dx, patches, [](const T* patch, T* pixel, Index count) {
    if (pixel == nullptr) return;
    for (Index c = 0; c < count; ++c) pixel[c] += patch[c];
  });
}

// The patches that output rows begin..end-1 of a group see, in `memory` or in place.
template <class T>
Factor<T> patches_of(const Plan& p, Index group, Index begin, Index end, const T* x, T* memory) {
  const Index pixels = (end - begin) * p.out_width;
  if (p.pointwise)
    return {x + begin * p.out_width * p.shape.in_channels + group * p.group_in, pixels, p.patch,
            p.shape.in_channels};
  gather(p, group, begin, end, x, memory);
  return {memory, pixels, p.patch};
}

// A group's weights, and its share of the values of output rows begin..end-1.
template <class T>
Factor<T> weights_of(const Plan& p, Index group, const T* w) {
  return {w + group * p.group_out * p.patch, p.group_out, p.patch};
}
template <class T>
Factor<T> outputs_of(const Plan& p, Index group, Index begin, Index end, const T* y) {
  return {y + begin * p.out_width * p.shape.out_channels + group * p.group_out,
          (end - begin) * p.out_width, p.group_out, p.shape.out_channels};
}

// Output rows of a chunk.
Index rows_per_chunk(const Plan& p) {
  return chunk_for(p.shape.batch * p.out_height, p.out_width * p.shape.out_channels * p.patch);
}

// Calls f(begin, end) for the bands of rows begin..end-1.
template <class F>
void for_each_band(const Plan& p, Index begin, Index end, F f) {
  for (Index row = begin; row < end; row += p.band) f(row, std::min(row + p.band, end));
}

}  // namespace

template <class T>
void forward(const ConvShape& shape, const T* x, const T* w, const T* b, T* y) {
  const Plan p(shape);
  const Index rows = shape.batch * p.out_height, chunk = rows_per_chunk(p);
  const Index row_size = p.out_width * shape.out_channels;
  PoolArray<T> scratch(chunks_of(rows, chunk) * p.scratch);
  parallel_for(rows, chunk, [&](Index chunk_begin, Index chunk_end) {
    T* const memory = scratch.data() + chunk_begin / chunk * p.scratch;
    for_each_band(p, chunk_begin, chunk_end, [&](Index begin, Index end) {
      if (b != nullptr)
        for (T* pixel = y + begin * row_size; pixel < y + end * row_size;
             pixel += shape.out_channels)
          std::copy_n(b, shape.out_channels, pixel);
      for (Index g = 0; g < shape.groups; ++g)
        gemm_in_chunk<T>(1, patches_of(p, g, begin, end, x, memory), weights_of(p, g, w).t(),
                         b == nullptr ? 0 : 1, y + begin * row_size + g * p.group_out,
                         shape.out_channels);
    });
  });
}

template <class T>
void backward_data(const ConvShape& shape, const T* dy, const T* w, T* dx) {
  const Plan p(shape);
  const Index chunk = images_per_chunk(shape);
  const Index image_size = shape.height * shape.width * shape.in_channels;
  PoolArray<T> scratch(chunks_of(shape.batch, chunk) * p.scratch);
  parallel_for(shape.batch, chunk, [&](Index chunk_begin, Index chunk_end) {
    T* const memory = scratch.data() + chunk_begin / chunk * p.scratch;
    if (!p.pointwise) std::fill(dx + chunk_begin * image_size, dx + chunk_end * image_size, T(0));
    for_each_band(
        p, chunk_begin * p.out_height, chunk_end * p.out_height, [&](Index begin, Index end) {
          for (Index g = 0; g < shape.groups; ++g) {
            const auto dy_g = outputs_of(p, g, begin, end, dy);
            const auto w_g = weights_of(p, g, w);
            if (p.pointwise) {
              T* const pixels = dx + begin * p.out_width * shape.in_channels + g * p.group_in;
              gemm_in_chunk<T>(1, dy_g, w_g, 0, pixels, shape.in_channels);
            } else {
              gemm_in_chunk<T>(1, dy_g, w_g, 0, memory);
              scatter_add(p, g, begin, end, memory, dx);
            }
          }
        });
  });
}

// Each chunk sums into a partial result of its own; these are then added in chunk order.
template <class T>
void backward_weights(const ConvShape& shape, const T* x, const T* dy, T* dw) {
  const Plan p(shape);
  const Index rows = shape.batch * p.out_height, chunk = rows_per_chunk(p);
  const Index chunks = chunks_of(rows, chunk), weights = shape.out_channels * p.patch;
  PoolArray<T> scratch(chunks * p.scratch), partials(chunks * weights);
  parallel_for(rows, chunk, [&](Index chunk_begin, Index chunk_end) {
    T* const memory = scratch.data() + chunk_begin / chunk * p.scratch;
    T* const partial = partials.data() + chunk_begin / chunk * weights;
    for_each_band(p, chunk_begin, chunk_end, [&](Index begin, Index end) {
      for (Index g = 0; g < shape.groups; ++g)
        gemm_in_chunk<T>(1, outputs_of(p, g, begin, end, dy).t(),
                         patches_of(p, g, begin, end, x, memory), begin == chunk_begin ? 0 : 1,
                         partial + g * p.group_out * p.patch);
    });
  });
  sum_partials(partials.data(), chunks, weights, dw);
}

#define XGRAD_INSTANTIATE(T)                                                 \
  template void forward(const ConvShape&, const T*, const T*, const T*, T*); \
  template void backward_data(const ConvShape&, const T*, const T*, T*);     \
  template void backward_weights(const ConvShape&, const T*, const T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels::im2col
