#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/conv.hpp>
#include <xgrad/kernels/conv_paths.hpp>
#include <xgrad/kernels/simd/bf16.hpp>
#include <xgrad/kernels/simd/level.hpp>

#include <algorithm>
#include <type_traits>

namespace xgrad::kernels {
namespace {

template <class T>
constexpr bool try_onednn =
#if defined(XGRAD_WITH_ONEDNN)
    std::is_same_v<T, float>;
#else
    false;
#endif

// Channels that oneDNN works on together.
template <class T>
Index block_of_onednn() {
  return std::max<Index>(direct::vector_width<T>(), 8);
}

// oneDNN is at its best with whole blocks of channels on both sides; else the direct way is 1.1 to
// 2 times as fast, and always faster than im2col.
template <class T>
bool direct_suits(const ConvShape& s) {
  if (!direct::fits(s)) return false;
  // With more than one channel, rounded products are faster even where they fill no vector.
  if (std::is_same_v<T, float> && rounds_to_bf16() && s.in_channels > 1) return false;
  const Index block = block_of_onednn<T>();
  return !try_onednn<T> || s.in_channels % block != 0 || s.out_channels % block != 0;
}

template <class T>
bool direct_is_best_forward(const ConvShape& s) {
  const Index block = block_of_onednn<T>();
  if (!direct_suits<T>(s)) return false;
  if (!try_onednn<T> || s.out_channels % block != 0) return true;
  // Both fill their vectors. oneDNN has a kernel for one channel to a block of them.
  if (simd_level() == SimdLevel::avx512) return s.in_channels > 1 || s.out_channels != block;
  // With 16 registers the direct way loads a value for each product, and the more often the more
  // blocks there are; short sums do not make up for that.
  constexpr Index long_sum = 64;
  return s.out_channels <= 2 * block && s.patch() >= long_sum;
}

// For the input's gradient oneDNN fills its vectors with channels of x, im2col with those of y, the
// direct way with a row of the kernel. Of few channels im2col makes more than oneDNN.
constexpr Index few_channels = 6;
template <class T>
bool direct_is_best_for_data(const ConvShape& s) {
  if (!direct_suits<T>(s)) return false;
  if (simd_level() == SimdLevel::baseline) return false;  // BLAS makes more of these vectors
  const Index block = block_of_onednn<T>(), blocks = (s.in_channels + block - 1) / block;
  const auto c = static_cast<double>(s.in_channels), o = static_cast<double>(s.out_channels);
  // With so many channels of y im2col reaches half of the peak.
  const double half = 3 * static_cast<double>(direct::vector_width<T>());
  const double others = !try_onednn<T> || s.in_channels <= few_channels
                            ? o / (o + half)
                            : c / static_cast<double>(blocks * block);
  return direct::backward_data_use<T>(s) > others;
}

}  // namespace

Index chunk_for(Index n, Index multiplications) {
  constexpr Index most_chunks = 16;
  constexpr Index worth_a_thread = Index{1} << 19;
  return std::max((worth_a_thread + multiplications - 1) / multiplications,
                  (n + most_chunks - 1) / most_chunks);
}

Index images_per_chunk(const ConvShape& shape) {
  return chunk_for(shape.batch,
                   shape.out_height() * shape.out_width() * shape.out_channels * shape.patch());
}

template <class T>
void sum_partials(const T* partials, Index count, Index n, T* sum) {
  constexpr Index in_cache = 1 << 12;  // stays in the first cache while the sum grows
  constexpr Index worth_a_thread = 1 << 16;
  parallel_for(n, std::max(in_cache, worth_a_thread / count), [&](Index begin, Index end) {
    std::copy(partials + begin, partials + end, sum + begin);
    for (Index k = 1; k < count; ++k) {
      const T* const part = partials + k * n;
      for (Index i = begin; i < end; ++i) sum[i] += part[i];
    }
  });
}

template <class T>
void conv_forward(const ConvShape& shape, const Tensor<T>& x, const Tensor<T>& w,
                  const Tensor<T>& b, Tensor<T>& y) {
  if (y.size() == 0) return;
  const T* const bias = b.defined() ? b.data() : nullptr;
  if constexpr (std::is_same_v<T, float>)
    if (winograd::forward(shape, x.data(), w.data(), bias, y.data())) return;
  if (direct_is_best_forward<T>(shape))
    return direct::forward(shape, x.data(), w.data(), bias, y.data());
  if constexpr (try_onednn<T>)
    if (onednn::forward(shape, x.data(), w.data(), bias, y.data())) return;
  im2col::forward(shape, x.data(), w.data(), bias, y.data());
}

template <class T>
void conv_backward_data(const ConvShape& shape, const Tensor<T>& dy, const Tensor<T>& w,
                        Tensor<T>& dx) {
  if (dx.size() == 0) return;
  if constexpr (std::is_same_v<T, float>)
    if (winograd::backward_data(shape, dy.data(), w.data(), dx.data())) return;
  if (direct_is_best_for_data<T>(shape))
    return direct::backward_data(shape, dy.data(), w.data(), dx.data());
  const bool narrow = shape.in_channels <= few_channels && shape.groups == 1;
  if constexpr (try_onednn<T>)
    if (!narrow && onednn::backward_data(shape, dy.data(), w.data(), dx.data())) return;
  im2col::backward_data(shape, dy.data(), w.data(), dx.data());
}

template <class T>
void conv_backward_weights(const ConvShape& shape, const Tensor<T>& x, const Tensor<T>& dy,
                           Tensor<T>& dw) {
  if (dy.size() == 0) return dw.fill(0);
  if constexpr (std::is_same_v<T, float>)
    if (winograd::backward_weights(shape, x.data(), dy.data(), dw.data())) return;
  if (direct_suits<T>(shape))
    return direct::backward_weights(shape, x.data(), dy.data(), dw.data());
  if constexpr (try_onednn<T>)
    if (onednn::backward_weights(shape, x.data(), dy.data(), dw.data())) return;
  im2col::backward_weights(shape, x.data(), dy.data(), dw.data());
}

#define XGRAD_INSTANTIATE(T)                                                                \
  template void sum_partials(const T*, Index, Index, T*);                                   \
  template void conv_forward(const ConvShape&, const Tensor<T>&, const Tensor<T>&,          \
                             const Tensor<T>&, Tensor<T>&);                                 \
  template void conv_backward_data(const ConvShape&, const Tensor<T>&, const Tensor<T>&,    \
                                   Tensor<T>&);                                             \
  template void conv_backward_weights(const ConvShape&, const Tensor<T>&, const Tensor<T>&, \
                                      Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
