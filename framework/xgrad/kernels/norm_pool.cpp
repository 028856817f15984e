#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/norm_pool.hpp>
#include <xgrad/kernels/simd/level.hpp>
#include <xgrad/kernels/simd/norm_pool.hpp>

#include <algorithm>

namespace xgrad::kernels {
namespace {

template <class T>
const NormPoolLoops<T>& loops() {
  static const auto table =
      at_simd_level([]<class Level>() { return norm_pool_loops<Level, T>(); });
  return table;
}

// Calls row(image number, row of windows) for all of them.
template <class Row>
void for_window_rows(Index images, const PoolShape& s, Row row) {
  constexpr Index elements_per_chunk = 1 << 14;
  const Index work = s.kernel.h * s.width * s.channels;
  const Index chunk = std::max<Index>(elements_per_chunk / std::max<Index>(work, 1), 1);
  parallel_for(images * s.out_height, chunk, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) row(i / s.out_height, i % s.out_height);
  });
}

// The value of an optional tensor.
template <class T>
T at(const Tensor<T>& tensor, Index c, T otherwise) {
  return tensor.defined() ? tensor.data()[c] : otherwise;
}

Index image_size(const PoolShape& s) { return s.height * s.width * s.channels; }
Index line_size(const PoolShape& s) { return s.out_width * s.channels; }

}  // namespace

template <class T>
bool norm_max_pool_fits(const PoolShape& shape) {
  return loops<T>().fits(shape);
}

template <class T>
void norm_max_pool(const Tensor<T>& x, const Tensor<T>& mean, const Tensor<T>& rstd,
                   const Tensor<T>& gamma, const Tensor<T>& beta, const PoolShape& s, Tensor<T>& y,
                   Tensor<T>* best, MaxPlaces* places) {
  const Index channels = s.channels;
  PoolArray<T> values(2 * channels);
  T *const scale = values.data(), *const shift = scale + channels;
  for (Index c = 0; c < channels; ++c) {
    scale[c] = rstd.data()[c] * at(gamma, c, T(1));
    shift[c] = at(beta, c, T(0));
  }
  const NormValues<T> norm{mean.data(), scale, shift};
  T *const out = y.data(), *const kept = best == nullptr ? nullptr : best->data();
  std::uint8_t* const index =
      places == nullptr ? nullptr : places->emplace<PoolArray<std::uint8_t>>(y.size()).data();
  for_window_rows(x.shape(0), s, [&](Index n, Index h) {
    const Index to = (n * s.out_height + h) * line_size(s);
    loops<T>().forward(x.data() + n * image_size(s), s, h, norm, out + to,
                       kept == nullptr ? nullptr : kept + to,
                       index == nullptr ? nullptr : index + to);
  });
}

template <class T>
void norm_max_pool_input_gradient(const Tensor<T>& dy, const MaxPlaces& places, const Tensor<T>& x,
                                  const Tensor<T>& mean, const Tensor<T>& rstd,
                                  const Tensor<T>& gamma, const Tensor<T>& dgamma,
                                  const Tensor<T>& dbeta, const PoolShape& s, Tensor<T>& dx) {
  const Index channels = s.channels;
  const T rows = static_cast<T>(x.size() / channels);
  PoolArray<T> values(3 * channels);
  T *const a = values.data(), *const b = a + channels, *const shift = b + channels;
  for (Index c = 0; c < channels; ++c) {
    a[c] = rstd.data()[c] * at(gamma, c, T(1));
    b[c] = -a[c] * rstd.data()[c] * at(dgamma, c, T(0)) / rows;
    shift[c] = -a[c] * at(dbeta, c, T(0)) / rows;
  }
  const NormGradientValues<T> norm{mean.data(), a, b, shift};
  const std::uint8_t* const index = std::get<PoolArray<std::uint8_t>>(places).data();
  T* const out = dx.data();
  for_window_rows(x.shape(0), s, [&](Index n, Index h) {
    const Index from = (n * s.out_height + h) * line_size(s);
    loops<T>().gradient(dy.data() + from, index + from, x.data() + n * image_size(s), s, h, norm,
                        out + n * image_size(s));
  });
}

#define XGRAD_INSTANTIATE(T)                                                                    \
  template bool norm_max_pool_fits<T>(const PoolShape&);                                        \
  template void norm_max_pool(const Tensor<T>&, const Tensor<T>&, const Tensor<T>&,             \
                              const Tensor<T>&, const Tensor<T>&, const PoolShape&, Tensor<T>&, \
                              Tensor<T>*, MaxPlaces*);                                          \
  template void norm_max_pool_input_gradient(                                                   \
      const Tensor<T>&, const MaxPlaces&, const Tensor<T>&, const Tensor<T>&, const Tensor<T>&, \
      const Tensor<T>&, const Tensor<T>&, const Tensor<T>&, const PoolShape&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
