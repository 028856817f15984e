#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/norm_pool.hpp>
#include <xgrad/kernels/simd/places.hpp>

#include <limits>

namespace xgrad::kernels {
namespace {

template <class T>
inline constexpr Index width = static_cast<Index>(Batch<T>::size);

template <class L, class T>
Batch<T> load(const T* from) {
  return Batch<T>::load_unaligned(from);
}

// Normalising keeps the order of the values of a channel, or turns it round where its scale is
// negative. So it is enough to normalise the largest x, or the smallest, as the largest -x.
template <class L, class T>
void forward(const T* image, const PoolShape& s, Index row, const NormValues<T>& norm, T* y,
             T* best, std::uint8_t* index) {
  using B = Batch<T>;
  const Index channels = s.channels, line = s.width * channels;
  const T* const top = image + row * s.kernel.h * line;
  for (Index out = 0; out < s.out_width; ++out) {
    const T* const window = top + out * s.kernel.w * channels;
    for (Index c = 0; c < channels; c += width<T>) {
      const B scale = load<L>(norm.scale + c);
      const B sign = xsimd::select(scale < B(T(0)), B(T(-1)), B(T(1)));
      B most(-std::numeric_limits<T>::infinity()), place(T(0));
      Index number = 0;
      for (Index h = 0; h < s.kernel.h; ++h)
        for (Index w = 0; w < s.kernel.w; ++w, ++number) {
          const B v = load<L>(window + h * line + w * channels + c) * sign;
          const auto wins = (v > most) | xsimd::isnan(v);
          most = xsimd::select(wins, v, most);
          place = xsimd::select(wins, B(static_cast<T>(number)), place);
        }
      most *= sign;
      const Index at = out * channels + c;
      xsimd::fma(most - load<L>(norm.mean + c), scale, load<L>(norm.shift + c))
          .store_unaligned(y + at);
      if (best != nullptr) most.store_unaligned(best + at);
      if (index != nullptr) Convert<L, T, std::uint8_t>::store(place, index + at);
    }
  }
}

template <class L, class T>
void gradient(const T* dy, const std::uint8_t* index, const T* image, const PoolShape& s, Index row,
              const NormGradientValues<T>& norm, T* dx_image) {
  using B = Batch<T>;
  const Index channels = s.channels, line = s.width * channels;
  const Index top = row * s.kernel.h, covered = s.out_width * s.kernel.w * channels;
  for (Index out = 0; out < s.out_width; ++out) {
    const Index window = top * line + out * s.kernel.w * channels;
    for (Index c = 0; c < channels; c += width<T>) {
      const B mean = load<L>(norm.mean + c), a = load<L>(norm.a + c);
      const B b = load<L>(norm.b + c), shift = load<L>(norm.c + c);
      const B place = Convert<L, T, std::uint8_t>::load(index + out * channels + c);
      const B d = load<L>(dy + out * channels + c);
      Index number = 0;
      for (Index h = 0; h < s.kernel.h; ++h)
        for (Index w = 0; w < s.kernel.w; ++w, ++number) {
          const Index i = window + h * line + w * channels + c;
          const B at_place = xsimd::select(place == B(static_cast<T>(number)), d, B(T(0)));
          xsimd::fma(at_place, a, xsimd::fma(load<L>(image + i) - mean, b, shift))
              .store_unaligned(dx_image + i);
        }
    }
  }
  const auto rest = [&](Index begin, Index end) {
    for (Index i = begin; i < end; i += channels)
      for (Index c = 0; c < channels; c += width<T>)
        xsimd::fma(load<L>(image + i + c) - load<L>(norm.mean + c), load<L>(norm.b + c),
                   load<L>(norm.c + c))
            .store_unaligned(dx_image + i + c);
  };
  const Index below = top + s.kernel.h;
  for (Index h = top; h < below; ++h) rest(h * line + covered, (h + 1) * line);
  if (row == s.out_height - 1) rest(below * line, s.height * line);
}

}  // namespace

template <class L, class T>
NormPoolLoops<T> norm_pool_loops() {
  return {
      .fits =
          [](const PoolShape& s) {
            return s.stride == s.kernel && s.padding == Size2d(0) && s.channels % width<T> == 0 &&
                   s.places() <= 256;
          },
      .forward = forward<L, T>,
      .gradient = gradient<L, T>,
  };
}

template NormPoolLoops<float> norm_pool_loops<Level, float>();
template NormPoolLoops<double> norm_pool_loops<Level, double>();

}  // namespace xgrad::kernels
