#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/simd/level.hpp>
#include <xgrad/kernels/softmax.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace xgrad::kernels {
namespace {

template <class T>
const SoftmaxLoops<T>& loops() {
  static const auto table = at_simd_level([]<class Level>() { return softmax_loops<Level, T>(); });
  return table;
}

Index rows_per_chunk(Index row) { return std::max<Index>((Index{1} << 13) / row, 1); }

// row(inputs..., n, output) for every row along the axis. Rows that do not lie in one piece are
// copied to scratch and back.
template <class T, class Row, class... Inputs>
void for_rows(int axis, Tensor<T>& out, Row row, const Inputs&... in) {
  const Index n = out.shape(axis);
  Index inner = 1;
  for (int a = axis + 1; a < out.shape().rank(); ++a) inner *= out.shape(a);
  if (out.size() == 0) return;
  T* const to = out.data();
  parallel_for(out.size() / n, rows_per_chunk(n), [&](Index begin, Index end) {
    if (inner == 1) {
      for (Index r = begin; r < end; ++r) row(in.data() + r * n..., n, to + r * n);
      return;
    }
    PoolArray<T> scratch(static_cast<Index>(sizeof...(in)) * n);
    for (Index r = begin; r < end; ++r) {
      const Index first = r / inner * n * inner + r % inner;
      T* next = scratch.data();
      const auto gather = [&](const T* from) {
        T* const copy = next;
        next += n;
        for (Index i = 0; i < n; ++i) copy[i] = from[first + i * inner];
        return static_cast<const T*>(copy);
      };
      T* const result = scratch.data();
      const auto run = [&](const auto*... copies) { row(copies..., n, result); };
      std::apply(run, std::tuple{gather(in.data())...});
      for (Index i = 0; i < n; ++i) to[first + i * inner] = result[i];
    }
  });
}

}  // namespace

template <class T>
void softmax(const Tensor<T>& x, int axis, Tensor<T>& y) {
  const auto row = [](const T* from, Index n, T* to) {
    const auto [max, sum] = loops<T>().log_sum_exp(from, n);
    loops<T>().scaled_exp(from, n, max, 1 / sum, 0, to);
  };
  for_rows(axis, y, row, x);
}

template <class T>
void softmax_grad(const Tensor<T>& y, const Tensor<T>& dy, int axis, Tensor<T>& dx) {
  for_rows(axis, dx, loops<T>().softmax_grad, y, dy);
}

template <class T>
void log_softmax(const Tensor<T>& x, int axis, Tensor<T>& y) {
  const auto row = [](const T* from, Index n, T* to) {
    const auto [max, sum] = loops<T>().log_sum_exp(from, n);
    loops<T>().log_softmax(from, n, max, std::log(sum), to);
  };
  for_rows(axis, y, row, x);
}

template <class T>
void log_softmax_grad(const Tensor<T>& y, const Tensor<T>& dy, int axis, Tensor<T>& dx) {
  for_rows(axis, dx, loops<T>().log_softmax_grad, y, dy);
}

template <class T>
void cross_entropy(const Tensor<T>& logits, std::span<const std::int32_t> targets, T smoothing,
                   std::span<LogSumExp<T>> sums, Tensor<T>& losses) {
  const Index classes = logits.shape().back();
  T* const to = losses.data();
  parallel_for(losses.size(), rows_per_chunk(classes), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      const T* const x = logits.data() + r * classes;
      const auto row = static_cast<std::size_t>(r);
      if (targets[row] == ignored) {
        to[r] = 0;
        continue;
      }
      sums[row] = loops<T>().log_sum_exp(x, classes);
      const T max = sums[row].max, log_sum = std::log(sums[row].sum);
      to[r] = (1 - smoothing) * (log_sum - (x[targets[row]] - max));
      if (smoothing > 0)
        to[r] += smoothing *
                 (log_sum - loops<T>().shifted_sum(x, classes, max) / static_cast<T>(classes));
    }
  });
}

template <class T>
void cross_entropy_grad(const Tensor<T>& logits, std::span<const std::int32_t> targets, T smoothing,
                        std::span<const LogSumExp<T>> sums, const Tensor<T>& row_weights,
                        Tensor<T>& dlogits) {
  const Index classes = logits.shape().back();
  T* const to = dlogits.data();
  parallel_for(row_weights.size(), rows_per_chunk(classes), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      T* const dx = to + r * classes;
      const auto row = static_cast<std::size_t>(r);
      if (targets[row] == ignored) {
        std::fill_n(dx, classes, T(0));
        continue;
      }
      const T weight = row_weights.data()[r];
      loops<T>().scaled_exp(logits.data() + r * classes, classes, sums[row].max,
                            weight / sums[row].sum, -weight * smoothing / static_cast<T>(classes),
                            dx);
      dx[targets[row]] -= weight * (1 - smoothing);
    }
  });
}

#define XGRAD_INSTANTIATE(T)                                                           \
  template void softmax(const Tensor<T>&, int, Tensor<T>&);                            \
  template void softmax_grad(const Tensor<T>&, const Tensor<T>&, int, Tensor<T>&);     \
  template void log_softmax(const Tensor<T>&, int, Tensor<T>&);                        \
  template void log_softmax_grad(const Tensor<T>&, const Tensor<T>&, int, Tensor<T>&); \
  template void cross_entropy(const Tensor<T>&, std::span<const std::int32_t>, T,      \
                              std::span<LogSumExp<T>>, Tensor<T>&);                    \
  template void cross_entropy_grad(const Tensor<T>&, std::span<const std::int32_t>, T, \
                                   std::span<const LogSumExp<T>>, const Tensor<T>&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
