#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/conv.hpp>
#include <xgrad/kernels/conv_paths.hpp>

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
  // oneDNN fills its vectors with channels of x here; with few of them im2col is up to twice as
  // fast (with six of them 1.3 to 1.6 times).
  constexpr Index few_channels = 6;
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
