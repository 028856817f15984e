#include <algorithm>
#include <cmath>

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/simd/level.hpp>
#include <xgrad/kernels/simd/reduce.hpp>

namespace xgrad::kernels {
namespace {

constexpr Index elements_per_task = 1 << 15;

template <class T>
const ReduceLoops<T>& loops() {
  static const auto table = at_simd_level([]<class Level>() { return reduce_loops<Level, T>(); });
  return table;
}

// A [outer, n, inner] view cut into tasks: blocks of the axis n, tiles of the axis inner.
struct Plan {
  Index outer, n, inner;
  Index block, tile;
  Index blocks, tiles;

  Plan(Index outer_, Index n_, Index inner_) : outer(outer_), n(n_), inner(inner_) {
    tile = std::min<Index>(inner, ReduceLoops<float>::max_columns);
    block = std::max<Index>(elements_per_task / std::max<Index>(tile, 1), 16);
    blocks = std::max<Index>((n + block - 1) / block, 1);
    tiles = inner == 0 ? 0 : (inner + tile - 1) / tile;
  }
  Index tasks() const { return outer * blocks * tiles; }
  // Small tasks are handed out several at a time.
  Index tasks_per_chunk() const {
    return std::max<Index>(1, elements_per_task / std::max<Index>(std::min(block, n) * tile, 1));
  }
};

// Calls sum(offset, rows, cols, sums) for every task, to add up `rows` rows of `cols` elements that
// lie plan.inner apart, the first at `offset`; then adds up the blocks, in their order.
template <class T, class Sum>
void sum_tasks(const Plan& plan, double divisor, T* out, Sum sum) {
  const bool partial = plan.blocks > 1;
  PoolArray<double> partials(partial ? plan.outer * plan.blocks * plan.inner : 0);
  parallel_for(plan.tasks(), plan.tasks_per_chunk(), [&](Index begin, Index end) {
    double local[ReduceLoops<T>::max_columns];
    for (Index task = begin; task < end; ++task) {
      const Index column = task % plan.tiles * plan.tile;
      const Index block = task / plan.tiles % plan.blocks;
      const Index o = task / plan.tiles / plan.blocks;
      const Index first = block * plan.block;
      const Index rows = std::min(plan.block, plan.n - first);
      const Index cols = std::min(plan.tile, plan.inner - column);
      const Index offset = (o * plan.n + first) * plan.inner + column;
      if (partial) {
        sum(offset, rows, cols, partials.data() + (o * plan.blocks + block) * plan.inner + column);
      } else {
        sum(offset, rows, cols, local);
        T* const to = out + o * plan.inner + column;
        for (Index c = 0; c < cols; ++c) to[c] = static_cast<T>(local[c] / divisor);
      }
    }
  });
  if (!partial) return;
  for (Index o = 0; o < plan.outer; ++o)
    for (Index i = 0; i < plan.inner; ++i) {
      double total = 0;
      for (Index block = 0; block < plan.blocks; ++block)
        total += partials.data()[(o * plan.blocks + block) * plan.inner + i];
      out[o * plan.inner + i] = static_cast<T>(total / divisor);
    }
}

// Short rows: many per call.
template <class T>
void sum_rows(const T* x, Index rows, Index n, double divisor, T* out) {
  constexpr Index batch = 64;
  const Index per_chunk = (elements_per_task / std::max<Index>(n, 1) / batch + 1) * batch;
  const auto row_sum = loops<T>().row_sum;
  parallel_for(rows, per_chunk, [=](Index begin, Index end) {
    double sums[batch];
    for (Index r = begin; r < end; r += batch) {
      const Index count = std::min(batch, end - r);
      row_sum(x + r * n, count, n, n, sums);
      for (Index k = 0; k < count; ++k) out[r + k] = static_cast<T>(sums[k] / divisor);
    }
  });
}

// Where inner is 1, a column of one element per row is itself a contiguous row.
template <class T>
void sum(const T* x, const Plan& plan, double divisor, T* out) {
  if (plan.inner == 1 && plan.blocks == 1) return sum_rows(x, plan.outer, plan.n, divisor, out);
  const auto& table = loops<T>();
  sum_tasks(plan, divisor, out, [&](Index offset, Index rows, Index cols, double* sums) {
    if (plan.inner == 1)
      table.row_sum(x + offset, 1, rows, rows, sums);
    else
      table.column_sum(x + offset, rows, cols, plan.inner, sums);
  });
}

}  // namespace

template <class T>
void sum_axis(const Tensor<T>& x, Index outer, Index n, Index inner, double divisor,
              Tensor<T>& out) {
  sum(x.data(), Plan(outer, n, inner), divisor, out.data());
}

template <class T>
void column_sum(const Tensor<T>& x, Tensor<T>& out) {
  const Index cols = out.size();
  sum(x.data(), Plan(1, cols == 0 ? 0 : x.size() / cols, cols), 1, out.data());
}

template <class T>
void row_sum(const Tensor<T>& x, Tensor<T>& out) {
  const Index rows = out.size();
  sum(x.data(), Plan(rows, rows == 0 ? 0 : x.size() / rows, 1), 1, out.data());
}

template <class T>
void column_sum_of_product(const Tensor<T>& x, const Tensor<T>& y, Tensor<T>& out) {
  const Index cols = out.size();
  const Plan plan(1, cols == 0 ? 0 : x.size() / cols, cols);
  const auto& table = loops<T>();
  const T *a = x.data(), *b = y.data();
  sum_tasks(plan, 1, out.data(), [&](Index offset, Index rows, Index width, double* sums) {
    if (cols == 1)
      table.row_sum_of_product(a + offset, b + offset, 1, rows, rows, sums);
    else
      table.column_sum_of_product(a + offset, b + offset, rows, width, cols, sums);
  });
}

template <class T>
void max_axis(const Tensor<T>& x, const PoolArray<Index>& from, Index outer, Index n, Index inner,
              Tensor<T>& out, PoolArray<Index>& where) {
  const T* const in = x.data();
  const Index* const positions = from.data();
  T* const best = out.data();
  Index* const at = where.data();
  const auto position = [=](Index i) { return positions == nullptr ? i : positions[i]; };
  const Index per_chunk = std::max<Index>(1, elements_per_task / std::max<Index>(n * inner, 1));
  parallel_for(outer, per_chunk, [=](Index begin, Index end) {
    for (Index o = begin; o < end; ++o)
      for (Index k = 0; k < n; ++k)
        for (Index i = 0; i < inner; ++i) {
          const Index element = (o * n + k) * inner + i, to = o * inner + i;
          const T value = in[element];
          // The first NaN stays.
          const bool better = value > best[to] || (std::isnan(value) && !std::isnan(best[to]));
          if (k > 0 && !better) continue;
          best[to] = value;
          at[to] = position(element);
        }
  });
}

template <class T>
void max_grad(const Tensor<T>& dy, const PoolArray<Index>& where, Tensor<T>& dx) {
  T* const to = dx.data();
  parallel_for(dx.size(), elements_per_task,
               [=](Index begin, Index end) { std::fill(to + begin, to + end, T(0)); });
  for (Index j = 0; j < dy.size(); ++j) to[where.data()[j]] = dy.data()[j];
}

#define XGRAD_INSTANTIATE(T)                                                             \
  template void sum_axis(const Tensor<T>&, Index, Index, Index, double, Tensor<T>&);     \
  template void column_sum(const Tensor<T>&, Tensor<T>&);                                \
  template void row_sum(const Tensor<T>&, Tensor<T>&);                                   \
  template void column_sum_of_product(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);   \
  template void max_axis(const Tensor<T>&, const PoolArray<Index>&, Index, Index, Index, \
                         Tensor<T>&, PoolArray<Index>&);                                 \
  template void max_grad(const Tensor<T>&, const PoolArray<Index>&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
