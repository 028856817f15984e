#include <xgrad/core/error.hpp>
#include <xgrad/nn/check.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/shape.hpp>

#include <fmt/format.h>

namespace xgrad::nn {
namespace {

// State k of a stack's [layers * D, B, H], as [B, H].
template <class T>
Variable<T> state_of(const Variable<T>& stack, Index k) {
  if (!stack.defined()) return {};
  return reshape(slice(stack, 0, k, k + 1), stack.shape().without(0));
}

// States [B, H] as a stack's [n, B, H].
template <class T>
Variable<T> stacked(const std::vector<Variable<T>>& states) {
  if (!states[0].defined()) return {};
  const Shape& shape = states[0].shape();
  std::vector<Variable<T>> rows;
  for (const Variable<T>& state : states) rows.push_back(reshape(state, {1, shape[0], shape[1]}));
  return rows.size() == 1 ? rows[0] : concat(rows, 0);
}

}  // namespace

template <class T>
Recurrent<T>::Recurrent(const char* name, Layer layer, Index gates, Index input_size,
                        Index hidden_size, const StackOptions& options)
    : name_(name),
      layer_(layer),
      input_size_(input_size),
      hidden_size_(hidden_size),
      options_(options) {
  check_at_least_one(name, "input_size", input_size);
  check_at_least_one(name, "hidden_size", hidden_size);
  check_at_least_one(name, "num_layers", options.num_layers);
  if (!(options.dropout >= 0 && options.dropout < 1))
    throw ValueError(fmt::format("{}: dropout is {}: give a probability of at least 0 and below 1",
                                 name, options.dropout));
  const auto make = [&](const char* what, Index n, const char* direction, const Shape& shape) {
    return this->parameter(fmt::format("{}_l{}{}", what, n, direction),
                           init::layer_default<T>(shape, hidden_size));
  };
  const Index width = gates * hidden_size, directions = options.bidirectional ? 2 : 1;
  for (Index n = 0; n < options.num_layers; ++n) {
    const Index inputs = n == 0 ? input_size : directions * hidden_size;
    for (Index d = 0; d < directions; ++d) {
      const char* const suffix = d == 0 ? "" : "_reverse";
      RecurrentWeights<T>& weights = weights_.emplace_back();
      weights.w_ih = make("weight_ih", n, suffix, {width, inputs});
      weights.w_hh = make("weight_hh", n, suffix, {width, hidden_size});
      if (!options.bias) continue;
      weights.b_ih = make("bias_ih", n, suffix, {width});
      weights.b_hh = make("bias_hh", n, suffix, {width});
    }
  }
}

template <class T>
void Recurrent<T>::check_state(const char* which, const Variable<T>& state, Index batch) const {
  const Shape expected{static_cast<Index>(weights_.size()), batch, hidden_size_};
  if (state.defined() && state.shape() != expected)
    throw ShapeError(
        fmt::format("{}: state {} is {} but must be {}, [layers * directions, batch, "
                    "hidden_size]: use the state of a batch of the same size, or none",
                    name_, which, state.shape().to_string(), expected.to_string()));
}

template <class T>
Variable<T> Recurrent<T>::forward(Variable<T> x) {
  return forward(RecurrentInput<T>(std::move(x)), {}).output;
}

template <class T>
RecurrentResult<T> Recurrent<T>::forward(const RecurrentInput<T>& x, const RecurrentState<T>& state,
                                         const std::vector<std::int32_t>& lengths) {
  if (x.x.defined() && x.x.shape().rank() != 3)
    throw ShapeError(fmt::format("{}: x is {} but must be [steps, batch, {}], time-major", name_,
                                 x.x.shape().to_string(), input_size_));
  const Index batch = x.x.defined() ? x.x.shape(1) : x.characters.batch;
  check_state("h", state.h, batch);
  check_state("c", state.c, batch);
  const std::size_t directions = options_.bidirectional ? 2 : 1;
  std::vector<Variable<T>> h, c;
  RecurrentInput<T> input = x;
  for (std::size_t k = 0; k < weights_.size(); k += directions) {
    if (k > 0) input.x = dropout(std::move(input.x), options_.dropout, this->is_training());
    std::vector<Variable<T>> outputs;
    for (std::size_t d = 0; d < directions; ++d) {
      const auto at = static_cast<Index>(k + d);
      auto result = layer_(input, {state_of(state.h, at), state_of(state.c, at)}, weights_[k + d],
                           {.reverse = d == 1, .lengths = lengths});
      outputs.push_back(std::move(result.output));
      h.push_back(std::move(result.state.h));
      c.push_back(std::move(result.state.c));
    }
    input = directions == 1 ? outputs[0] : concat(outputs, 2);
  }
  return {input.x, {stacked(h), stacked(c)}};
}

template <class T>
RecurrentResult<T> Recurrent<T>::forward_layer(Index i, const RecurrentInput<T>& x,
                                               const RecurrentState<T>& state) const {
  if (i < 0 || i >= options_.num_layers)
    throw ValueError(
        fmt::format("{}: layer {} is outside 0 to {}", name_, i, options_.num_layers - 1));
  const Index directions = options_.bidirectional ? 2 : 1;
  return layer_(x, state, weights_[static_cast<std::size_t>(i * directions)], {});
}

template <class T>
RNN<T>::RNN(Index input_size, Index hidden_size, const RNNOptions& o)
    : Recurrent<T>("RNN", o.nonlinearity == RnnNonlinearity::tanh ? rnn_tanh<T> : rnn_relu<T>, 1,
                   input_size, hidden_size, {o.num_layers, o.bias, o.dropout, o.bidirectional}) {}

template <class T>
LSTM<T>::LSTM(Index input_size, Index hidden_size, const StackOptions& options)
    : Recurrent<T>("LSTM", lstm<T>, 4, input_size, hidden_size, options) {}

template <class T>
GRU<T>::GRU(Index input_size, Index hidden_size, const StackOptions& options)
    : Recurrent<T>("GRU", gru<T>, 3, input_size, hidden_size, options) {}

template class Recurrent<float>;
template class Recurrent<double>;
template class RNN<float>;
template class RNN<double>;
template class LSTM<float>;
template class LSTM<double>;
template class GRU<float>;
template class GRU<double>;

}  // namespace xgrad::nn
