#pragma once
// Single steps of recurrent networks, put together from ordinary ops, one node of the graph after
// another: for unrolling by hand, and the oracle of the fused layers in recurrent.hpp.
//
// x: [B, I]; states [B, H], undefined for zeros; weights as for the layers. Returns the next state.
// They throw as the layers do.

#include <type_traits>

#include <xgrad/ops/recurrent.hpp>

namespace xgrad {

enum class RnnNonlinearity { tanh, relu };

/// h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or max(., 0) of it.
template <class T>
RecurrentState<T> rnn_cell(const Variable<T>& x,
                           const std::type_identity_t<RecurrentState<T>>& state,
                           const RecurrentWeights<T>& weights,
                           RnnNonlinearity nonlinearity = RnnNonlinearity::tanh);

/// See lstm_op.
template <class T>
RecurrentState<T> lstm_cell(const Variable<T>& x,
                            const std::type_identity_t<RecurrentState<T>>& state,
                            const RecurrentWeights<T>& weights);

/// See gru_op.
template <class T>
RecurrentState<T> gru_cell(const Variable<T>& x,
                           const std::type_identity_t<RecurrentState<T>>& state,
                           const RecurrentWeights<T>& weights);

}  // namespace xgrad
