#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/packed_factor.hpp>
#include <xgrad/kernels/recurrent.hpp>
#include <xgrad/kernels/simd/level.hpp>

#include <algorithm>
#include <array>

namespace xgrad::kernels {
namespace {

template <class T>
CellLoops<T> loops(Cell cell) {
  return at_simd_level([cell]<class Level>() { return cell_loops<Level, T>(cell); });
}

constexpr Index most_rows = 32;  // of a chunk

template <class T>
using RowPointers = std::array<const T*, most_rows>;

// A chunk of 8 to 16 sequences keeps its state in the first cache; recurrent weights that are too
// large for the second are worth more rows per pass over them.
template <class T>
Index rows_per_chunk(const RecurrentRun& run) {
  constexpr Index unit = 8, large = Index{1} << 20;
  const bool streamed = run.gates() * run.hidden * static_cast<Index>(sizeof(T)) > large;
  const Index half = (run.batch + 1) / 2;
  return std::clamp<Index>((half + unit - 1) / unit * unit, unit, streamed ? most_rows : 16);
}

// f(begin, end) for each run of rows within begin..end-1 that are not past their length at step t,
// rest(begin, end) for the others.
template <class F, class Rest>
void split_by_length(const RecurrentRun& run, Index t, Index begin, Index end, F f, Rest rest) {
  while (begin < end) {
    const bool active = t < run.length(begin);
    Index stop = run.lengths.empty() ? end : begin + 1;
    while (stop < end && (t < run.length(stop)) == active) ++stop;
    active ? f(begin, stop) : rest(begin, stop);
    begin = stop;
  }
}

// The recurrent weights W_hh [G*H, H], packed. A GRU's third gate is a product of its own, so that
// the reset gate can act on it.
template <class T>
class RecurrentWeights {
 public:
  // For products h W_hh^T.
  static RecurrentWeights forward(const RecurrentRun& run, const Tensor<T>& w_hh) {
    const auto [gates, separate] = split(run, w_hh);
    return {run, gates.t(), separate.t()};
  }
  // For products dgates W_hh.
  static RecurrentWeights backward(const RecurrentRun& run, const Tensor<T>& w_hh) {
    const auto [gates, separate] = split(run, w_hh);
    return {run, gates, separate};
  }

  // gates = gates_start + h W^T, and for a GRU inner = inner_start + h W_n^T, row by row.
  void forward(const T* h, Index rows, const T* const* gates_start, T* gates, Index gates_stride,
               const T* const* inner_start, T* inner) const {
    const Factor<T> states(h, rows, hidden_);
    gates_.multiply(states, gates_start, gates, gates_stride);
    if (separate_width_ > 0) separate_.multiply(states, inner_start, inner, hidden_);
  }

  // dh = dgates W; for a GRU, dh += dgates W + dinner W_n.
  void backward(const T* dgates, Index gates_stride, const T* dinner, Index rows, T* dh,
                std::span<const MemoryRange> upcoming) const {
    const Factor<T> gradients(dgates, rows, gates_width_, gates_stride);
    if (separate_width_ == 0) return gates_.multiply(gradients, nullptr, dh, hidden_, upcoming);
    RowPointers<T> so_far;
    for (Index i = 0; i < rows; ++i) so_far[static_cast<std::size_t>(i)] = dh + i * hidden_;
    separate_.multiply(Factor<T>(dinner, rows, hidden_), so_far.data(), dh, hidden_);
    gates_.multiply(gradients, so_far.data(), dh, hidden_, upcoming);
  }

 private:
  struct Parts {
    Factor<T> gates, separate;
  };
  static Index separate_width(const RecurrentRun& run) {
    return run.cell == Cell::gru ? run.hidden : 0;
  }
  static Parts split(const RecurrentRun& run, const Tensor<T>& w_hh) {
    const Index joint = run.gates() - separate_width(run);
    return {Factor<T>(w_hh.data(), joint, run.hidden),
            Factor<T>(w_hh.data() + joint * run.hidden, separate_width(run), run.hidden)};
  }
  RecurrentWeights(const RecurrentRun& run, const Factor<T>& gates, const Factor<T>& separate)
      : hidden_(run.hidden),
        separate_width_(separate_width(run)),
        gates_width_(run.gates() - separate_width_),
        gates_(gates),
        separate_(separate) {}

  Index hidden_, separate_width_, gates_width_;
  PackedFactor<T> gates_, separate_;
};

template <class T>
T* at(T* tensor, Index row, Index width) {
  return tensor == nullptr ? nullptr : tensor + row * width;
}

}  // namespace

template <class T>
void recurrent_forward(const RecurrentRun& run, const IdProjection<T>& ids, const Tensor<T>& w_hh,
                       const Tensor<T>& b_hn, RecurrentTape<T>& tape, Tensor<T>& h, Tensor<T>& c) {
  const auto weights = RecurrentWeights<T>::forward(run, w_hh);
  const auto cell = loops<T>(run.cell);
  const Index hidden = run.hidden, width = run.gates();
  T *const gates = tape.gates.data(), *const output = tape.output.data();
  T *const inner = tape.inner.data(), *const h_now = h.data(), *const c_now = c.data();
  const T* const inner_bias = b_hn.data();

  const auto step = [&](Index t, Index begin, Index end) {
    const Index row = t * run.batch + begin, rows = end - begin;  // in [T*B, ...]
    // The sums start from the input projection where it lies, without a copy.
    RowPointers<T> gates_start, inner_start;
    for (Index i = 0; i < rows; ++i) {
      const auto r = static_cast<std::size_t>(i);
      gates_start[r] =
          ids.table != nullptr ? ids.table + ids.ids[row + i] * width : gates + (row + i) * width;
      inner_start[r] = inner_bias;
    }
    // A GRU's third gate has no part in that product.
    for (Index i = row; run.cell == Cell::gru && ids.table != nullptr && i < row + rows; ++i)
      std::copy_n(ids.table + ids.ids[i] * width + 2 * hidden, hidden,
                  gates + i * width + 2 * hidden);
    weights.forward(h_now + begin * hidden, rows, gates_start.data(), gates + row * width, width,
                    inner_bias == nullptr ? nullptr : inner_start.data(), at(inner, row, hidden));
    for (Index i = 0; i < rows; ++i)
      cell.forward({.gates = gates + (row + i) * width,
                    .inner = at(inner, row + i, hidden),
                    .output = output + (row + i) * hidden,
                    .h = h_now + (begin + i) * hidden,
                    .c = at(c_now, begin + i, hidden)},
                   hidden);
  };
  parallel_for(run.batch, rows_per_chunk<T>(run), [&](Index begin, Index end) {
    for (Index i = 0; i < run.steps; ++i) {
      const Index t = run.reverse ? run.steps - 1 - i : i;
      split_by_length(
          run, t, begin, end, [&](Index from, Index to) { step(t, from, to); },
          [&](Index from, Index to) {
            std::fill_n(output + (t * run.batch + from) * hidden, (to - from) * hidden, T(0));
          });
    }
  });
}

template <class T>
void recurrent_backward(const RecurrentRun& run, const Tensor<T>& w_hh,
                        const RecurrentTape<T>& tape, const Tensor<T>& start, const Tensor<T>& dy,
                        RecurrentGradients<T>& g) {
  const auto weights = RecurrentWeights<T>::backward(run, w_hh);
  const auto cell = loops<T>(run.cell);
  const Index hidden = run.hidden, width = run.gates(), stride = g.dgates.shape(2);
  const T *const gates = tape.gates.data(), *const output = tape.output.data();
  const T *const inner = tape.inner.data(), *const dy_data = dy.data();
  const T* const states = run.cell == Cell::lstm ? inner : output;  // what `before` is taken from
  T *const dh = g.dh.data(), *const dc = g.dc.data();
  T *const dgates = g.dgates.data(), *const dinner = g.dinner.data();

  const auto step = [&](Index t, Index begin, Index end) {
    const Index row = t * run.batch + begin, rows = end - begin;
    const Index previous = run.reverse ? run.batch : -run.batch;
    for (Index i = 0; i < rows; ++i)
      cell.backward({.gates = gates + (row + i) * width,
                     .inner = at(inner, row + i, hidden),
                     .output = output + (row + i) * hidden,
                     .before = t == run.first(begin + i) ? at(start.data(), begin + i, hidden)
                                                         : states + (row + i + previous) * hidden,
                     .dy = at(dy_data, row + i, hidden),
                     .dh = dh + (begin + i) * hidden,
                     .dc = at(dc, begin + i, hidden),
                     .dgates = dgates + (row + i) * stride,
                     .dinner = at(dinner, row + i, hidden)},
                    hidden);
    for (Index i = 0; width < stride && i < rows; ++i)
      std::fill_n(dgates + (row + i) * stride + width, stride - width, T(0));
    // What the step that comes next will read and write.
    std::array<MemoryRange, 6> upcoming;
    std::size_t count = 0;
    const auto expect = [&](const T* of, Index next, Index length) {
      if (of == nullptr || next < 0 || next + rows > run.steps * run.batch) return;
      upcoming[count++] =
          std::as_bytes(std::span(of + next * length, static_cast<std::size_t>(rows * length)));
    };
    const Index next = row + previous;
    expect(dgates, next, stride);
    expect(dinner, next, hidden);
    expect(dy_data, next, hidden);
    if (gates != output) expect(gates, next, width);
    if (run.cell == Cell::gru) expect(inner, next, hidden);
    expect(states, run.cell == Cell::lstm || run.cell == Cell::gru ? next + previous : next,
           hidden);
    weights.backward(dgates + row * stride, stride, at(dinner, row, hidden), rows,
                     dh + begin * hidden, {upcoming.data(), count});
  };
  parallel_for(run.batch, rows_per_chunk<T>(run), [&](Index begin, Index end) {
    for (Index i = 0; i < run.steps; ++i) {
      const Index t = run.reverse ? i : run.steps - 1 - i;
      split_by_length(
          run, t, begin, end, [&](Index from, Index to) { step(t, from, to); },
          [&](Index from, Index to) {
            const Index row = t * run.batch + from, rows = to - from;
            std::fill_n(dgates + row * stride, rows * stride, T(0));
            if (dinner != nullptr) std::fill_n(dinner + row * hidden, rows * hidden, T(0));
          });
    }
  });
}

namespace {

// dw [columns, H] (+)= d^T h_{t-1}, d being `columns` columns of a [T*B, stride] matrix.
template <class T>
void weight_grad_of(const RecurrentRun& run, const T* d, Index columns, Index stride,
                    const T* output, const T* h0, T* dw) {
  const Index hidden = run.hidden, rest = (run.steps - 1) * run.batch;
  // Where a step's h_{t-1} is another's output, and the steps that are left start from h0. Past a
  // row's length d is zero, and so is the output that stands there in place of a reversed row's h0.
  const Index shift = run.batch;
  const T* const later = run.reverse ? d : d + shift * stride;
  const T* const earlier = run.reverse ? output + shift * hidden : output;
  PoolArray<T> first(run.batch * columns);
  for (Index b = 0; b < run.batch; ++b) {
    T* const row = first.data() + b * columns;
    if (run.length(b) == 0)
      std::fill_n(row, columns, T(0));
    else
      std::copy_n(d + (run.first(b) * run.batch + b) * stride, columns, row);
  }
  gemm(T(1), Factor<T>(first.data(), run.batch, columns).t(), Factor<T>(h0, run.batch, hidden),
       T(0), dw);
  if (rest > 0)
    gemm(T(1), Factor<T>(later, rest, columns, stride).t(), Factor<T>(earlier, rest, hidden), T(1),
         dw);
}

}  // namespace

template <class T>
void recurrent_weight_grad(const RecurrentRun& run, const RecurrentGradients<T>& g,
                           const Tensor<T>& output, const Tensor<T>& h0, Tensor<T>& dw_hh) {
  const Index width = run.gates(), hidden = run.hidden;
  const Index joint = run.cell == Cell::gru ? width - hidden : width;
  const auto& dgates = g.dgates;
  const auto& dinner = g.dinner;
  T* const dw = dw_hh.data();
  weight_grad_of(run, dgates.data(), joint, dgates.shape(2), output.data(), h0.data(), dw);
  if (joint < width)
    weight_grad_of(run, dinner.data(), hidden, hidden, output.data(), h0.data(),
                   dw + joint * hidden);
}

#define XGRAD_INSTANTIATE(T)                                                                       \
  template void recurrent_forward(const RecurrentRun&, const IdProjection<T>&, const Tensor<T>&,   \
                                  const Tensor<T>&, RecurrentTape<T>&, Tensor<T>&, Tensor<T>&);    \
  template void recurrent_backward(const RecurrentRun&, const Tensor<T>&, const RecurrentTape<T>&, \
                                   const Tensor<T>&, const Tensor<T>&, RecurrentGradients<T>&);    \
  template void recurrent_weight_grad(const RecurrentRun&, const RecurrentGradients<T>&,           \
                                      const Tensor<T>&, const Tensor<T>&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
