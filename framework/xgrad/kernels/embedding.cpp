#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/embedding.hpp>
#include <xgrad/kernels/simd/level.hpp>
#include <xgrad/kernels/simd/sum_rows.hpp>

#include <algorithm>

namespace xgrad::kernels {
namespace {

Index rows_per_chunk(Index row) {
  return std::max<Index>((Index{1} << 14) / std::max<Index>(row, 1), 1);
}

template <class T>
SumRows<T> sum_picked() {
  static const auto loop = at_simd_level([]<class Level>() { return sum_rows<Level, T>(); });
  return loop;
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

  // Strips of columns, besides groups of ids, of which few may have most of the positions.
  const Index strip = std::clamp<Index>(row, 1, 256), strips = (row + strip - 1) / strip;
  const Index group = rows_per_chunk(strip), groups = (table + group - 1) / group;
  T* const to = dweight.data();
  parallel_for(strips * groups, 1, [&](Index task, Index) {
    const Index column = task % strips * strip, columns = std::min(strip, row - column);
    const Index begin = task / strips * group, end = std::min(begin + group, table);
    for (Index v = begin; v < end; ++v)
      sum_picked<T>()(dy.data() + column, row, positions.data() + first.data()[v],
                      first.data()[v + 1] - first.data()[v], columns, to + v * row + column);
  });
}

#define XGRAD_INSTANTIATE(T)                                                            \
  template void embedding(const Tensor<T>&, std::span<const std::int32_t>, Tensor<T>&); \
  template void embedding_grad(const Tensor<T>&, std::span<const std::int32_t>, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
