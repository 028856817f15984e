#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/batch_norm.hpp>
#include <xgrad/kernels/simd/columns.hpp>
#include <xgrad/kernels/simd/level.hpp>

#include <algorithm>

namespace xgrad::kernels {
namespace {

template <class T>
const ColumnLoops<T>& loops() {
  static const auto table = at_simd_level([]<class Level>() { return column_loops<Level, T>(); });
  return table;
}

// How a matrix is cut up: chunks of whole periods that fit the first-level cache, since the
// statistics read each chunk twice; and lanes for the values of the columns.
template <class T>
struct Layout {
  Index n, channels, rows, period, chunk, chunks;

  explicit Layout(const Tensor<T>& x)
      : n(x.size()),
        channels(x.shape().back()),
        rows(n / channels),
        period(loops<T>().period(channels)) {
    constexpr Index wanted = (Index{32} << 10) / static_cast<Index>(sizeof(T));
    chunk = std::max<Index>(wanted / period, 1) * period;
    chunks = (n + chunk - 1) / chunk;
  }

  // body(begin, end) for the elements of each chunk. Several chunks go to a thread at a time: one
  // takes less than a microsecond, and waking a thread for it would cost more.
  template <class F>
  void for_chunks(F body) const {
    constexpr Index chunks_per_task = 4;
    parallel_for(chunks, chunks_per_task, [&](Index first, Index last) {
      for (Index k = first; k < last; ++k) body(k * chunk, std::min((k + 1) * chunk, n));
    });
  }

  // One value per lane from value(column).
  template <class F>
  void spread(T* lanes, F value) const {
    for (Index c = 0; c < channels; ++c) lanes[c] = value(c);
    for (Index k = channels; k < period; ++k) lanes[k] = lanes[k - channels];
  }

  // One sum per column from one per lane.
  void fold(const T* lanes, T* columns) const {
    std::copy_n(lanes, channels, columns);
    for (Index k = channels; k < period; k += channels)
      for (Index c = 0; c < channels; ++c) columns[c] += lanes[k + c];
  }
};

// The value of an optional tensor.
template <class T>
T at(const Tensor<T>& tensor, Index c, T otherwise) {
  return tensor.defined() ? tensor.data()[c] : otherwise;
}

}  // namespace

// Each chunk's mean and sum of squared deviations in two passes over the cache, corrected for the
// rounding of the mean; then the chunks in their order. Chan, Golub and LeVeque, "Algorithms for
// computing the sample variance", 1983, (1.7) and (2.1).
template <class T>
void batch_statistics(const Tensor<T>& x, Tensor<T>& mean, Tensor<T>& var) {
  const Layout layout(x);
  const Index channels = layout.channels;
  PoolArray<T> partial(layout.chunks * 3 * channels);  // [chunks, 3, C]
  layout.for_chunks([&](Index begin, Index end) {
    T* const chunk_mean = partial.data() + begin / layout.chunk * 3 * channels;
    PoolArray<T> lanes(3 * layout.period);
    T *const a = lanes.data(), *const b = a + layout.period, *const c = b + layout.period;
    const T rows = static_cast<T>((end - begin) / channels);
    loops<T>().sum(x.data() + begin, end - begin, layout.period, a);
    layout.fold(a, chunk_mean);
    for (Index k = 0; k < channels; ++k) chunk_mean[k] /= rows;
    layout.spread(a, [=](Index k) { return chunk_mean[k]; });
    loops<T>().deviations(x.data() + begin, end - begin, layout.period, a, b, c);
    layout.fold(b, chunk_mean + channels);
    layout.fold(c, chunk_mean + 2 * channels);
  });

  PoolArray<double> total(2 * channels);
  double *const m = total.data(), *const square = m + channels;
  std::fill_n(m, 2 * channels, 0.0);
  double seen = 0;
  for (Index k = 0; k < layout.chunks; ++k) {
    const T* const chunk = partial.data() + k * 3 * channels;
    const auto rows =
        static_cast<double>(std::min(layout.chunk, layout.n - k * layout.chunk) / channels);
    const double share = rows / (seen + rows);
    for (Index c = 0; c < channels; ++c) {
      const double rounding = static_cast<double>(chunk[channels + c]) / rows;
      const double delta = static_cast<double>(chunk[c]) + rounding - m[c];
      m[c] += delta * share;
      square[c] += static_cast<double>(chunk[2 * channels + c]) - rounding * rounding * rows +
                   delta * delta * seen * share;
    }
    seen += rows;
  }
  std::transform(m, m + channels, mean.data(), [](double v) { return static_cast<T>(v); });
  std::transform(square, square + channels, var.data(),
                 [seen](double v) { return static_cast<T>(v / seen); });
}

template <class T>
void batch_normalize(const Tensor<T>& x, const Tensor<T>& mean, const Tensor<T>& rstd,
                     const Tensor<T>& gamma, const Tensor<T>& beta, Tensor<T>& y) {
  const Layout layout(x);
  const Index period = layout.period;
  PoolArray<T> lanes(3 * period);
  T* const p = lanes.data();
  layout.spread(p, [&](Index c) { return mean.data()[c]; });
  layout.spread(p + period, [&](Index c) { return rstd.data()[c] * at(gamma, c, T(1)); });
  layout.spread(p + 2 * period, [&](Index c) { return at(beta, c, T(0)); });
  T* const out = y.data();
  layout.for_chunks([&](Index begin, Index end) {
    loops<T>().normalize(x.data() + begin, end - begin, period, p, p + period, p + 2 * period,
                         out + begin);
  });
}

template <class T>
void batch_norm_parameter_gradients(const Tensor<T>& dy, const Tensor<T>& x, const Tensor<T>& mean,
                                    const Tensor<T>& rstd, Tensor<T>& dgamma, Tensor<T>& dbeta) {
  const Layout layout(x);
  const Index channels = layout.channels, period = layout.period;
  PoolArray<T> mean_lanes(period), partial(layout.chunks * 2 * channels);  // [chunks, 2, C]
  layout.spread(mean_lanes.data(), [&](Index c) { return mean.data()[c]; });
  layout.for_chunks([&](Index begin, Index end) {
    T* const sums = partial.data() + begin / layout.chunk * 2 * channels;
    PoolArray<T> lanes(2 * period);
    loops<T>().gradient_sums(dy.data() + begin, x.data() + begin, end - begin, period,
                             mean_lanes.data(), lanes.data(), lanes.data() + period);
    layout.fold(lanes.data(), sums);
    layout.fold(lanes.data() + period, sums + channels);
  });

  PoolArray<double> total(2 * channels);
  std::fill_n(total.data(), 2 * channels, 0.0);
  for (Index k = 0; k < layout.chunks; ++k)
    for (Index c = 0; c < 2 * channels; ++c)
      total.data()[c] += static_cast<double>(partial.data()[k * 2 * channels + c]);
  T *const to_beta = dbeta.data(), *const to_gamma = dgamma.data();
  for (Index c = 0; c < channels; ++c) {
    to_beta[c] = static_cast<T>(total.data()[c]);
    to_gamma[c] = static_cast<T>(total.data()[channels + c] * static_cast<double>(rstd.data()[c]));
  }
}

template <class T>
void batch_norm_input_gradient(const Tensor<T>& dy, const Tensor<T>& x, const Tensor<T>& mean,
                               const Tensor<T>& rstd, const Tensor<T>& gamma,
                               const Tensor<T>& dgamma, const Tensor<T>& dbeta, Tensor<T>& dx) {
  const Layout layout(x);
  const Index period = layout.period;
  const T rows = static_cast<T>(layout.rows);
  const auto factor = [&](Index c) { return rstd.data()[c] * at(gamma, c, T(1)); };
  PoolArray<T> lanes(4 * period);
  T* const p = lanes.data();
  layout.spread(p, [&](Index c) { return mean.data()[c]; });
  layout.spread(p + period, factor);
  layout.spread(p + 2 * period,
                [&](Index c) { return -factor(c) * rstd.data()[c] * at(dgamma, c, T(0)) / rows; });
  layout.spread(p + 3 * period, [&](Index c) { return -factor(c) * at(dbeta, c, T(0)) / rows; });
  T* const out = dx.data();
  layout.for_chunks([&](Index begin, Index end) {
    loops<T>().input_gradient(dy.data() + begin, x.data() + begin, end - begin, period, p,
                              p + period, p + 2 * period, p + 3 * period, out + begin);
  });
}

#define XGRAD_INSTANTIATE(T)                                                                    \
  template void batch_statistics(const Tensor<T>&, Tensor<T>&, Tensor<T>&);                     \
  template void batch_normalize(const Tensor<T>&, const Tensor<T>&, const Tensor<T>&,           \
                                const Tensor<T>&, const Tensor<T>&, Tensor<T>&);                \
  template void batch_norm_parameter_gradients(const Tensor<T>&, const Tensor<T>&,              \
                                               const Tensor<T>&, const Tensor<T>&, Tensor<T>&,  \
                                               Tensor<T>&);                                     \
  template void batch_norm_input_gradient(const Tensor<T>&, const Tensor<T>&, const Tensor<T>&, \
                                          const Tensor<T>&, const Tensor<T>&, const Tensor<T>&, \
                                          const Tensor<T>&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
