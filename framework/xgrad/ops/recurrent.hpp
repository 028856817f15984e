#pragma once
// Recurrent layers over whole sequences: one layer, one direction per call. Stacks, both directions
// and dropout are in nn/recurrent.hpp; single steps in recurrent_cells.hpp.
//
// Shapes: T steps, B sequences, I inputs, H hidden units, G gates (1; LSTM 4: i, f, g, o; GRU 3:
// r, z, n), as in PyTorch. The input is projected for all steps at once, and the weight gradients
// are one product over all steps; in between, each sequence stays on one thread.

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

inline constexpr OpInfo rnn_tanh_op{
    "rnn_tanh", "x, w_ih, w_hh, b_ih, b_hh, h",
    "h_t = tanh(a_t), a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh\n"
    "da_t = dh_t (1 - h_t^2); dh_{t-1} += W_hh^T da_t; dW_hh = sum_t da_t h_{t-1}^T"};
inline constexpr OpInfo rnn_relu_op{
    "rnn_relu", "x, w_ih, w_hh, b_ih, b_hh, h",
    "h_t = max(a_t, 0), a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh\n"
    "da_t = dh_t where h_t > 0; dh_{t-1} += W_hh^T da_t; dW_hh = sum_t da_t h_{t-1}^T"};
inline constexpr OpInfo lstm_op{
    "lstm", "x, w_ih, w_hh, b_ih, b_hh, h, c",
    "i, f, o = sigmoid(..), g = tanh(..) of W_ih x_t + b_ih + W_hh h_{t-1} + b_hh; "
    "c_t = f c_{t-1} + i g; h_t = o tanh(c_t)\n"
    "dc_t += dh_t o (1 - tanh(c_t)^2); dc_{t-1} = dc_t f; weights as in rnn_tanh"};
inline constexpr OpInfo gru_op{
    "gru", "x, w_ih, w_hh, b_ih, b_hh, h",
    "r, z = sigmoid(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh); "
    "n = tanh(W_in x_t + b_in + r (W_hn h_{t-1} + b_hn)); h_t = (1 - z) n + z h_{t-1}\n"
    "dn = dh_t (1 - z) (1 - n^2); dz = dh_t (h_{t-1} - n) z (1 - z); weights as in rnn_tanh"};

template <class T>
struct RecurrentWeights {
  Variable<T> w_ih{};  ///< [G*H, I]
  Variable<T> w_hh{};  ///< [G*H, H]
  Variable<T> b_ih{};  ///< [G*H] or absent
  Variable<T> b_hh{};  ///< [G*H] or absent
};

template <class T>
struct RecurrentState {
  Variable<T> h{};  ///< [B, H]; undefined: zeros
  Variable<T> c{};  ///< the same; of an LSTM only

  /// The same state as a constant: what carries over to the next window of truncated
  /// backpropagation through time.
  RecurrentState detach() const {
    return {h.defined() ? h.detach() : h, c.defined() ? c.detach() : c};
  }
};

struct RecurrentOptions {
  bool reverse = false;  ///< start at each sequence's last step and end at its first
  /// Steps of each sequence, 0 to T; empty: all T. Past its length a sequence's output is zero and
  /// its state stays, as if it were run alone.
  std::vector<std::int32_t> lengths{};
};

template <class T>
struct RecurrentResult {
  Variable<T> output{};       ///< [T, B, H]: h of every step
  RecurrentState<T> state{};  ///< the last one
};

/// Characters: [T, B], time-major, each 0 to I - 1, also past a sequence's length. They stand for
/// one-hot vectors, and give the same results to the bit.
struct IdSequence {
  std::span<const std::int32_t> ids{};
  Index steps = 0, batch = 0;
};

/// What a recurrent layer reads: x [T, B, I], or characters.
template <class T>
struct RecurrentInput {
  Variable<T> x{};
  IdSequence characters{};  ///< where x is undefined; the ids are copied

  RecurrentInput(Variable<T> vectors) : x(std::move(vectors)) {}
  RecurrentInput(const IdSequence& ids) : characters(ids) {}
};

/// Elman's network with tanh: "Finding structure in time", Cognitive Science 1990.
/// These four throw ShapeError for shapes that do not fit together, ValueError for characters or
/// lengths outside their range and for a state that the cell does not have.
template <class T>
RecurrentResult<T> rnn_tanh(const std::type_identity_t<RecurrentInput<T>>& x,
                            const std::type_identity_t<RecurrentState<T>>& state,
                            const RecurrentWeights<T>& weights,
                            const RecurrentOptions& options = {});

/// The same with max(., 0).
template <class T>
RecurrentResult<T> rnn_relu(const std::type_identity_t<RecurrentInput<T>>& x,
                            const std::type_identity_t<RecurrentState<T>>& state,
                            const RecurrentWeights<T>& weights,
                            const RecurrentOptions& options = {});

/// Long short-term memory: Hochreiter and Schmidhuber, Neural Computation 1997, with the forget
/// gate of Gers et al. 2000.
template <class T>
RecurrentResult<T> lstm(const std::type_identity_t<RecurrentInput<T>>& x,
                        const std::type_identity_t<RecurrentState<T>>& state,
                        const RecurrentWeights<T>& weights, const RecurrentOptions& options = {});

/// Gated recurrent unit: Cho et al., EMNLP 2014, with the reset gate after the product.
template <class T>
RecurrentResult<T> gru(const std::type_identity_t<RecurrentInput<T>>& x,
                       const std::type_identity_t<RecurrentState<T>>& state,
                       const RecurrentWeights<T>& weights, const RecurrentOptions& options = {});

}  // namespace xgrad
