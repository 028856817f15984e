#include <algorithm>
#include <array>
#include <utility>

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/copy.hpp>
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

// out[o, i] = max over k of x[o, k, i], or NaN if there is one. A view's elements have their
// positions in the original tensor in `from`; where that is null, x is the original.
template <class T>
void max_axis(const T* x, const Index* from, const Plan& plan, T* out, Index* where) {
  const Index n = plan.n, inner = plan.inner;
  const Index per_chunk = std::max<Index>(1, elements_per_task / std::max<Index>(n * inner, 1));
  parallel_for(plan.outer, per_chunk, [=](Index begin, Index end) {
    for (Index o = begin; o < end; ++o) {
      T* const best = out + o * inner;
      Index* const at = where + o * inner;
      for (Index i = 0; i < inner; ++i) {
        best[i] = x[o * n * inner + i];
        at[i] = o * n * inner + i;
      }
      // Without branches, which would follow the data. The first NaN stays.
      for (Index k = 1; k < n; ++k)
        for (Index i = 0; i < inner; ++i) {
          const Index element = (o * n + k) * inner + i;
          const T value = x[element], before = best[i];
          const bool better = !(value <= before) & (before == before);
          best[i] = better ? value : before;
          at[i] = better ? element : at[i];
        }
      if (from == nullptr) continue;
      for (Index i = 0; i < inner; ++i) at[i] = from[at[i]];
    }
  });
}

// Neighbouring axes that are all reduced, or all kept, count as one: x is then [outer, n, inner]
// for the innermost group of reduced axes.
struct Groups {
  struct Group {
    Index extent;
    bool reduced;
  };
  std::array<Group, Shape::max_rank> groups{};
  std::size_t count = 0;

  Groups(const Shape& shape, AxisSet axes) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const Index extent = shape.begin()[axis];
      const bool reduced = axes[static_cast<std::size_t>(axis)];
      if (extent == 1) continue;
      if (count > 0 && groups[count - 1].reduced == reduced)
        groups[count - 1].extent *= extent;
      else
        groups[count++] = {extent, reduced};
    }
  }

  // The innermost reduction; then it counts as done. Without any, one over an axis of extent 1.
  Plan next() {
    Index outer = 1, n = 1, inner = 1;
    std::size_t at = count;
    while (at > 0 && !groups[at - 1].reduced) inner *= groups[--at].extent;
    if (at > 0) n = std::exchange(groups[--at].extent, 1);
    for (std::size_t i = 0; i < at; ++i) outer *= groups[i].extent;
    if (at < count) groups[at].reduced = false;
    return {outer, n, inner};
  }
  bool done() const {
    return std::none_of(groups.begin(), groups.begin() + static_cast<Index>(count),
                        [](const Group& group) { return group.reduced; });
  }
};

}  // namespace

// One group of axes after the other, the innermost first, so that the first pass leaves little to
// do.
template <class T>
void sum(const Tensor<T>& x, AxisSet axes, double divisor, Tensor<T>& out) {
  Groups groups(x.shape(), axes);
  Tensor<T> partial = x;
  for (;;) {
    const Plan plan = groups.next();
    if (groups.done()) return sum(std::as_const(partial).data(), plan, divisor, out.data());
    Tensor<T> sums = Tensor<T>::empty({plan.outer, plan.inner});
    sum(std::as_const(partial).data(), plan, 1, sums.data());
    partial = std::move(sums);
  }
}

template <class T>
void max(const Tensor<T>& x, AxisSet axes, Tensor<T>& out, PoolArray<Index>& where) {
  Groups groups(x.shape(), axes);
  Tensor<T> partial = x;
  PoolArray<Index> from;
  for (;;) {
    const Plan plan = groups.next();
    const T* const in = std::as_const(partial).data();
    if (groups.done()) return max_axis(in, from.data(), plan, out.data(), where.data());
    Tensor<T> maxima = Tensor<T>::empty({plan.outer, plan.inner});
    PoolArray<Index> positions(maxima.size());
    max_axis(in, from.data(), plan, maxima.data(), positions.data());
    partial = std::move(maxima);
    from = std::move(positions);
  }
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
void max_grad(const Tensor<T>& dy, const PoolArray<Index>& where, Tensor<T>& dx) {
  fill(dx, T(0));
  T* const to = dx.data();
  for (Index j = 0; j < dy.size(); ++j) to[where.data()[j]] = dy.data()[j];
}

#define XGRAD_INSTANTIATE(T)                                                           \
  template void sum(const Tensor<T>&, AxisSet, double, Tensor<T>&);                    \
  template void max(const Tensor<T>&, AxisSet, Tensor<T>&, PoolArray<Index>&);         \
  template void column_sum(const Tensor<T>&, Tensor<T>&);                              \
  template void row_sum(const Tensor<T>&, Tensor<T>&);                                 \
  template void column_sum_of_product(const Tensor<T>&, const Tensor<T>&, Tensor<T>&); \
  template void max_grad(const Tensor<T>&, const PoolArray<Index>&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
