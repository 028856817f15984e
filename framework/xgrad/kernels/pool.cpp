#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/pool.hpp>
#include <xgrad/kernels/simd/columns.hpp>
#include <xgrad/kernels/simd/level.hpp>

#include <algorithm>

namespace xgrad::kernels {
namespace {

constexpr Index elements_per_chunk = 1 << 14;  // some two microseconds

template <class T>
const PoolLoops<T>& loops() {
  static const auto table = at_simd_level([]<class Level>() { return pool_loops<Level, T>(); });
  return table;
}

template <class T>
const ColumnLoops<T>& column_loops() {
  static const auto table =
      at_simd_level([]<class Level>() { return kernels::column_loops<Level, T>(); });
  return table;
}

Index per_chunk(Index elements) {
  return std::max<Index>(elements_per_chunk / std::max<Index>(elements, 1), 1);
}

// row(image number, output row, scratch values, scratch indices) for all rows of windows.
template <class T, class Row>
void for_window_rows(Index images, const PoolShape& s, Row row) {
  const Index work = s.channels * std::max(s.width * s.stride.h, s.out_width * s.places());
  parallel_for(images * s.out_height, per_chunk(work), [&](Index begin, Index end) {
    PoolArray<T> values(s.scratch_values());
    PoolArray<Index> indices(s.scratch_indices());
    for (Index i = begin; i < end; ++i)
      row(i / s.out_height, i % s.out_height, values.data(), indices.data());
  });
}

// dx += dy at the places of the maxima, for one image.
template <class T, class U>
void scatter(const T* dy, const U* places, const PoolShape& s, T* dx) {
  PoolArray<Index> offset(s.places());
  for (Index k = 0; k < s.places(); ++k)
    offset.data()[k] = (k / s.kernel.w * s.width + k % s.kernel.w) * s.channels;
  for (Index h = 0; h < s.out_height; ++h)
    for (Index w = 0; w < s.out_width; ++w) {
      const Index top = h * s.stride.h - s.padding.h, left = w * s.stride.w - s.padding.w;
      const Index origin = (top * s.width + left) * s.channels;
      for (Index c = 0; c < s.channels; ++c) dx[origin + offset.data()[*places++] + c] += *dy++;
    }
}

Index image_size(const PoolShape& s) { return s.height * s.width * s.channels; }
Index output_size(const PoolShape& s) { return s.out_height * s.out_width * s.channels; }

}  // namespace

template <class T>
void max_pool(const Tensor<T>& x, const PoolShape& s, Tensor<T>& y, MaxPlaces* places) {
  T* const out = y.data();
  const Index line = s.out_width * s.channels;
  const auto run = [&](auto loop, auto* index) {
    for_window_rows<T>(x.shape(0), s, [&](Index n, Index h, T* values, Index* indices) {
      const Index at = n * output_size(s) + h * line;
      loop(x.data() + n * image_size(s), s, h, indices, values, out + at,
           index == nullptr ? nullptr : index + at);
    });
  };
  if (places == nullptr) return run(loops<T>().max_wide, static_cast<std::int32_t*>(nullptr));
  if (s.places() <= 256)
    run(loops<T>().max_narrow, places->emplace<PoolArray<std::uint8_t>>(y.size()).data());
  else
    run(loops<T>().max_wide, places->emplace<PoolArray<std::int32_t>>(y.size()).data());
}

template <class T>
void max_pool_grad(const Tensor<T>& dy, const MaxPlaces& places, const PoolShape& s,
                   Tensor<T>& dx) {
  T* const out = dx.data();
  const Index line = s.out_width * s.channels;
  parallel_for(dx.shape(0), per_chunk(image_size(s)), [&](Index begin, Index end) {
    PoolArray<Index> indices(s.scratch_indices());
    for (Index n = begin; n < end; ++n) {
      T* const image = out + n * image_size(s);
      const T* const from = dy.data() + n * output_size(s);
      const auto* narrow = std::get_if<PoolArray<std::uint8_t>>(&places);
      if (narrow != nullptr && loops<T>().max_gradient_fits(s)) {
        const std::uint8_t* const index = narrow->data() + n * output_size(s);
        for (Index h = 0; h < s.out_height; ++h)
          loops<T>().max_gradient(from + h * line, index + h * line, s, h, indices.data(), image);
        const Index covered = std::min(s.out_height * s.kernel.h - s.padding.h, s.height);
        std::fill(image + covered * s.width * s.channels, image + image_size(s), T(0));
      } else {
        std::fill_n(image, image_size(s), T(0));
        std::visit([&](const auto& p) { scatter(from, p.data() + n * output_size(s), s, image); },
                   places);
      }
    }
  });
}

template <class T>
void avg_pool(const Tensor<T>& x, const PoolShape& s, Tensor<T>& y) {
  T* const out = y.data();
  for_window_rows<T>(x.shape(0), s, [&](Index n, Index h, T* values, Index*) {
    loops<T>().mean(x.data() + n * image_size(s), s, h, values,
                    out + n * output_size(s) + h * s.out_width * s.channels);
  });
}

template <class T>
void avg_pool_grad(const Tensor<T>& dy, const PoolShape& s, Tensor<T>& dx) {
  T* const out = dx.data();
  parallel_for(dx.shape(0), per_chunk(image_size(s)), [&](Index begin, Index end) {
    PoolArray<T> values(s.scratch_values());
    if (!s.side_by_side())
      std::fill(out + begin * image_size(s), out + end * image_size(s), T(0));
    for (Index n = begin; n < end; ++n)
      for (Index h = 0; h < s.out_height; ++h)
        loops<T>().mean_gradient(dy.data() + n * output_size(s) + h * s.out_width * s.channels, s,
                                 h, values.data(), out + n * image_size(s));
  });
}

template <class T>
void global_avg_pool(const Tensor<T>& x, Tensor<T>& y) {
  const Index channels = y.shape(1);
  if (y.size() == 0) return;
  const Index image = x.size() / y.shape(0), period = column_loops<T>().period(channels);
  const T scale = static_cast<T>(channels) / static_cast<T>(image);
  T* const out = y.data();
  parallel_for(y.shape(0), per_chunk(image), [&](Index begin, Index end) {
    PoolArray<T> lanes(period);
    for (Index n = begin; n < end; ++n) {
      column_loops<T>().sum(x.data() + n * image, image, period, lanes.data());
      for (Index c = 0; c < channels; ++c) {
        T sum = 0;
        for (Index k = c; k < period; k += channels) sum += lanes.data()[k];
        out[n * channels + c] = sum * scale;
      }
    }
  });
}

template <class T>
void global_avg_pool_grad(const Tensor<T>& dy, Tensor<T>& dx) {
  const Index channels = dy.shape(1);
  if (dy.size() == 0) return;
  const Index image = dx.size() / dy.shape(0);
  const T scale = static_cast<T>(channels) / static_cast<T>(image);
  T* const out = dx.data();
  parallel_for(dy.shape(0), per_chunk(image), [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n) {
      T* const to = out + n * image;
      for (Index c = 0; c < channels; ++c) to[c] = dy.data()[n * channels + c] * scale;
      for (Index i = channels; i < image; ++i) to[i] = to[i - channels];
    }
  });
}

#define XGRAD_INSTANTIATE(T)                                                                     \
  template void max_pool(const Tensor<T>&, const PoolShape&, Tensor<T>&, MaxPlaces*);            \
  template void max_pool_grad(const Tensor<T>&, const MaxPlaces&, const PoolShape&, Tensor<T>&); \
  template void avg_pool(const Tensor<T>&, const PoolShape&, Tensor<T>&);                        \
  template void avg_pool_grad(const Tensor<T>&, const PoolShape&, Tensor<T>&);                   \
  template void global_avg_pool(const Tensor<T>&, Tensor<T>&);                                   \
  template void global_avg_pool_grad(const Tensor<T>&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
