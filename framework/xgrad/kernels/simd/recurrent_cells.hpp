#pragma once
// What a recurrent cell does between two matrix products, for one row (one sequence of the batch)
// at one time step. Gates lie one after the other, each `hidden` long: LSTM i, f, g, o; GRU r, z,
// n.

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

enum class Cell { rnn_tanh, rnn_relu, lstm, gru };

/// How many vectors of length `hidden` a cell's weights give.
constexpr Index gates_of(Cell cell) { return cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1; }

template <class T>
struct CellForward {
  T* gates = nullptr;  ///< in: W_ih x + W_hh h + b of each gate (GRU's n: W_in x + b_in only); out:
                       ///< activations
  T* inner = nullptr;  ///< LSTM: receives c_t. GRU: W_hn h + b_hn. Others: not used
  T* output = nullptr;  ///< receives h_t; may be `gates` where there is one gate
  T* h = nullptr;       ///< in: h_{t-1}; out: h_t
  T* c = nullptr;       ///< LSTM: in: c_{t-1}; out: c_t
};

template <class T>
struct CellBackward {
  const T* gates = nullptr;   ///< activations
  const T* inner = nullptr;   ///< as left by the forward pass
  const T* output = nullptr;  ///< h_t
  const T* before = nullptr;  ///< LSTM: c_{t-1}; GRU: h_{t-1}
  const T* dy = nullptr;      ///< gradient of h_t as an output; null: none
  T* dh = nullptr;  ///< gradient of h_t as a state; GRU leaves the part of dh_{t-1} that came past
                    ///< the weights
  T* dc = nullptr;  ///< LSTM: in: gradient of c_t as a state; out: that of c_{t-1}
  T* dgates = nullptr;  ///< receives the gradient of what `gates` was before activation
  T* dinner = nullptr;  ///< GRU: receives the gradient of W_hn h + b_hn
};

template <class T>
struct CellLoops {
  void (*forward)(const CellForward<T>& row, Index hidden) = nullptr;
  void (*backward)(const CellBackward<T>& row, Index hidden) = nullptr;
};

/// The loops compiled for `Level`.
template <class Level, class T>
CellLoops<T> cell_loops(Cell cell);

}  // namespace xgrad::kernels
