#pragma once
// Recurrent layers over whole sequences: one layer, one direction.
//
// The sequences of a batch do not meet until the weight gradients, so threads share out the batch:
// a few rows go through all time steps on one thread, nobody waits for anybody at the end of a
// step, and the rows stay in its cache between the product with the recurrent weights and the
// gates.

#include <cstdint>
#include <span>

#include <xgrad/core/tensor.hpp>
#include <xgrad/kernels/simd/recurrent_cells.hpp>

namespace xgrad::kernels {

struct RecurrentRun {
  Cell cell = Cell::rnn_tanh;
  Index steps = 0, batch = 0, hidden = 0;
  bool reverse = false;                   ///< from the last step to the first
  std::span<const std::int32_t> lengths;  ///< per row; empty: all `steps`

  Index gates() const { return gates_of(cell) * hidden; }
  Index length(Index row) const {
    return lengths.empty() ? steps : lengths[static_cast<std::size_t>(row)];
  }
  /// The step at which a row starts.
  Index first(Index row) const { return reverse ? length(row) - 1 : 0; }
};

/// What the forward pass leaves for the backward pass. Past a row's length `output` is zero and the
/// rest unspecified.
template <class T>
struct RecurrentTape {
  Tensor<T> gates;   ///< [T, B, G*H], activations; for the one gate of an RNN, the same as `output`
  Tensor<T> output;  ///< [T, B, H]
  Tensor<T> inner;   ///< [T, B, H]: LSTM c_t; GRU W_hn h + b_hn; else undefined
};

/// Characters in place of vectors: row `ids[t, b]` of the table [V, G*H] is the input projection.
template <class T>
struct IdProjection {
  const T* table = nullptr;
  const std::int32_t* ids = nullptr;
};

/// Runs over time. In: tape.gates with the input projections and biases (or `ids` that give them),
/// the initial state in h [B, H] and, for an LSTM, c [B, H]; w_hh [G*H, H]; b_hn [H] or undefined,
/// for a GRU only. Out: the tape, and the final state in h and c. Past its length a row's state
/// stays.
template <class T>
void recurrent_forward(const RecurrentRun& run, const IdProjection<T>& ids, const Tensor<T>& w_hh,
                       const Tensor<T>& b_hn, RecurrentTape<T>& tape, Tensor<T>& h, Tensor<T>& c);

/// Gradients of what recurrent_forward added up and of its states.
template <class T>
struct RecurrentGradients {
  Tensor<T> dh;      ///< [B, H], in: of the final h; out: of the initial h
  Tensor<T> dc;      ///< the same of c; LSTM only
  Tensor<T> dgates;  ///< [T, B, gradient_stride], out: of the gates before activation; after them
                     ///< zeros
  Tensor<T> dinner;  ///< [T, B, H], out: of W_hn h + b_hn; GRU only
};

/// The length of a row of dgates: G*H, and some more where rows would lie whole pages apart. A
/// product that takes a column of such rows finds them all in the same few lines of the cache, and
/// takes a tenth longer.
template <class T>
Index gradient_stride(const RecurrentRun& run) {
  constexpr Index page = 4096 / static_cast<Index>(sizeof(T)),
                  gap = 128 / static_cast<Index>(sizeof(T));
  return run.gates() % page == 0 ? run.gates() + gap : run.gates();
}

/// Runs back over time. `start` is the initial state that enters the gates' gradients: h for a GRU,
/// c for an LSTM, else unused. `dy` [T, B, H] is the gradient of the output, undefined for none.
template <class T>
void recurrent_backward(const RecurrentRun& run, const Tensor<T>& w_hh,
                        const RecurrentTape<T>& tape, const Tensor<T>& start, const Tensor<T>& dy,
                        RecurrentGradients<T>& g);

/// dw_hh [G*H, H] = sum over all steps of dgates^T h_{t-1} (a GRU's n: dinner^T h_{t-1}), with h0
/// [B, H] before the first step.
template <class T>
void recurrent_weight_grad(const RecurrentRun& run, const RecurrentGradients<T>& g,
                           const Tensor<T>& output, const Tensor<T>& h0, Tensor<T>& dw_hh);

/// The biases that are added to the input projection, all but a GRU's b_hn: b_ih + b_hh, of which
/// one may be undefined. bias: [G*H].
template <class T>
void input_bias(const RecurrentRun& run, const Tensor<T>& b_ih, const Tensor<T>& b_hh,
                Tensor<T>& bias);

/// table[v, g] = w_ih[g, v] + bias[g]: what the product with a one-hot vector, plus bias, would
/// give, to the bit. bias may be undefined.
template <class T>
void id_table(const Tensor<T>& w_ih, const Tensor<T>& bias, Tensor<T>& table);

/// dw_ih[g, v] = dtable[v, g]: the gradient of id_table's first argument from that of the table,
/// whose rows may be longer.
template <class T>
void id_table_grad(const Tensor<T>& dtable, Tensor<T>& dw_ih);

/// y[r, :] = row for each of y's rows, which are as long as `row`.
template <class T>
void fill_rows(const Tensor<T>& row, Tensor<T>& y);

}  // namespace xgrad::kernels
