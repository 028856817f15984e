#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/embedding.hpp>

#include <algorithm>

namespace xgrad::kernels {
namespace {

Index rows_per_chunk(Index row) {
  return std::max<Index>((Index{1} << 14) / std::max<Index>(row, 1), 1);
}

}  // namespace

template <class T>
void embedding(const Tensor<T>& weight, std::span<const std::int32_t> ids, Tensor<T>& y) {
  const Index row = weight.shape(1);
  T* const to = y.data();
  parallel_for(static_cast<Index>(ids.size()), rows_per_chunk(row), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i)
      std::copy_n(weight.data() + ids[static_cast<std::size_t>(i)] * row, row, to + i * row);
  });
}

// The positions of each id are brought together by a counting sort, so that the rows of dweight can
// be summed side by side, each by one thread and in one order.
template <class T>
void embedding_grad(const Tensor<T>& dy, std::span<const std::int32_t> ids, Tensor<T>& dweight) {
  const Index table = dweight.shape(0), row = dweight.shape(1);
  PoolArray<Index> first(table + 1), positions(static_cast<Index>(ids.size()));
  std::fill_n(first.data(), table + 1, Index{0});
  for (const std::int32_t id : ids) ++first.data()[id];
  Index end_of_row = 0;
  for (Index v = 0; v <= table; ++v) first.data()[v] = end_of_row += first.data()[v];
  for (std::size_t i = ids.size(); i-- > 0;)
    positions.data()[--first.data()[ids[i]]] = static_cast<Index>(i);

  T* const to = dweight.data();
  parallel_for(table, rows_per_chunk(row), [&](Index begin, Index end) {
    for (Index v = begin; v < end; ++v) {
      T* const sum = to + v * row;
      std::fill_n(sum, row, T(0));
      for (Index k = first.data()[v]; k < first.data()[v + 1]; ++k) {
        const T* const addend = dy.data() + positions.data()[k] * row;
        for (Index e = 0; e < row; ++e) sum[e] += addend[e];
      }
    }
  });
}

#define XGRAD_INSTANTIATE(T)                                                            \
  template void embedding(const Tensor<T>&, std::span<const std::int32_t>, Tensor<T>&); \
  template void embedding_grad(const Tensor<T>&, std::span<const std::int32_t>, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
