#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/recurrent.hpp>
#include <xgrad/ops/recurrent_cells.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using xgrad::Index;
using xgrad::Shape;
using State = xgrad::RecurrentState<float>;
using Weights = xgrad::RecurrentWeights<float>;

xgrad::Variable<float> zeros(const Shape& shape) { return xgrad::Tensor<float>(shape); }

// For 3 inputs and 4 hidden units.
Weights weights(Index gates) {
  return {zeros({gates * 4, 3}), zeros({gates * 4, 4}), zeros({gates * 4}), zeros({gates * 4})};
}

}  // namespace

std::vector<Misuse> recurrent() {
  const auto x = zeros({5, 2, 3});
  const std::vector<std::int32_t> ids{0, 1, 2, 3};
  return {
      {"lstm: x is a matrix",
       [] {
         lstm(zeros({2, 3}), {}, weights(4));
       },
       Kind::shape,
       {"lstm", "x is [2, 3]", "time-major"}},
      {"gru: no steps",
       [] {
         gru(zeros({0, 2, 3}), {}, weights(3));
       },
       Kind::shape,
       {"gru", "x is [0, 2, 3]", "at least one step"}},
      {"rnn_tanh: x has other inputs than w_ih",
       [] {
         rnn_tanh(zeros({5, 2, 7}), {}, weights(1));
       },
       Kind::shape,
       {"rnn_tanh", "[5, 2, 7]", "w_ih [4, 3]"}},
      {"gru: the weights of an lstm",
       [x] { gru(x, {}, weights(4)); },
       Kind::shape,
       {"gru", "w_hh is [16, 4]", "[3H, H]"}},
      {"lstm: w_ih and w_hh differ",
       [x] {
         Weights w = weights(4);
         w.w_ih = zeros({12, 3});
         lstm(x, {}, w);
       },
       Kind::shape,
       {"lstm", "w_ih is [12, 3]", "[16, inputs]", "w_hh [16, 4]"}},
      {"rnn_relu: a bias of another length",
       [x] {
         Weights w = weights(1);
         w.b_hh = zeros({3});
         rnn_relu(x, {}, w);
       },
       Kind::shape,
       {"rnn_relu", "b_hh is [3]", "[4]"}},
      {"lstm: a state of another batch",
       [x] {
         lstm(x, State{zeros({3, 4}), {}}, weights(4));
       },
       Kind::shape,
       {"lstm", "state h is [3, 4]", "[2, 4]"}},
      {"gru: a state with c",
       [x] {
         gru(x, State{zeros({2, 4}), zeros({2, 4})}, weights(3));
       },
       Kind::value,
       {"gru", "c of shape [2, 4]", "h alone"}},
      {"lstm: an unknown character",
       [ids] {
         lstm(xgrad::IdSequence{ids, 2, 2}, {}, weights(4));
       },
       Kind::value,
       {"lstm", "id 3 at position 3", "0 to 2", "vocabulary"}},
      {"rnn_tanh: ids that are no steps of a batch",
       [ids] {
         rnn_tanh(xgrad::IdSequence{ids, 3, 2}, {}, weights(1));
       },
       Kind::shape,
       {"rnn_tanh", "4 ids", "3 steps of 2 sequences"}},
      {"gru: lengths for another batch",
       [x] {
         gru(x, {}, weights(3), {.lengths = {5, 5, 5}});
       },
       Kind::shape,
       {"gru", "3 lengths", "batch of 2"}},
      {"gru: a length beyond the steps",
       [x] {
         gru(x, {}, weights(3), {.lengths = {5, 6}});
       },
       Kind::value,
       {"gru", "length of 6", "0 to 5"}},
      {"lstm_cell: a whole sequence",
       [x] { lstm_cell(x, {}, weights(4)); },
       Kind::shape,
       {"lstm_cell", "x is [5, 2, 3]", "one step at a time"}},
      {"nn::LSTM: a state of one layer for two",
       [x] {
         xgrad::nn::LSTM<float> two(3, 4, {.num_layers = 2});
         two.forward(x, State{zeros({1, 2, 4}), {}});
       },
       Kind::shape,
       {"LSTM", "state h is [1, 2, 4]", "[2, 2, 4]", "layers * directions"}},
      {"nn::GRU: no hidden units",
       [] { xgrad::nn::GRU<float>(3, 0); },
       Kind::value,
       {"GRU", "hidden_size", "0"}},
      {"nn::RNN: dropout of 1",
       [] { xgrad::nn::RNN<float>(3, 4, {.dropout = 1}); },
       Kind::value,
       {"RNN", "dropout is 1"}},
  };
}

}  // namespace misuse
