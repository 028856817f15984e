#include <xgrad/nn/recurrent.hpp>

#include <xgrad/ops/recurrent_cells.hpp>

#include "golden/golden.hpp"

namespace golden {

using namespace xgrad;

namespace {

template <class T>
RecurrentWeights<T> weights(Run<T>& run) {
  return {run.in("w_ih"), run.in("w_hh"), run.in("b_ih"), run.in("b_hh")};
}

template <class T>
std::vector<Output<T>> outputs(const RecurrentState<T>& state) {
  std::vector<Output<T>> all{{"h", state.h}};
  if (state.c.defined()) all.push_back({"c", state.c});
  return all;
}

template <class T>
void backward(Run<T>& run, const RecurrentResult<T>& result) {
  auto all = outputs(result.state);
  all.insert(all.begin(), {"y", result.output});
  run.backward(all);
}

template <class T>
std::vector<std::int32_t> lengths(Run<T>& run) {
  return run.has("lengths") ? run.integers("lengths") : std::vector<std::int32_t>();
}

// `layer(input, state, weights, options)` is the op.
template <class Layer>
void op(Cases& cases, const std::string& name, Layer layer) {
  for (const std::string sample : {"five steps", "reversed", "lengths", "no biases, from zeros",
                                   "characters", "whole vectors"})
    add(cases, name + ": " + sample, [layer, sample]<class T>(Run<T>& run) {
      const RecurrentOptions options{.reverse = sample == "reversed", .lengths = lengths(run)};
      const RecurrentState<T> state{run.in("h0"), run.in("c0")};
      if (sample == "characters") {
        const auto ids = run.integers("ids");
        const Shape shape = run.shape("ids");
        backward(run, layer(RecurrentInput<T>(IdSequence{ids, shape[0], shape[1]}), state,
                            weights(run), options));
      } else {
        backward(run, layer(RecurrentInput<T>(run.in("x")), state, weights(run), options));
      }
    });
}

template <class T, class Layer>
void layer_case(Run<T>& run, Layer layer) {
  run.load(layer);
  layer.eval();
  const Variable<T> x = run.in("x");
  backward(run, layer.forward(x, {run.in("h0"), run.in("c0")}, lengths(run)));
  run.check_module(layer);
}

// `Make<T>` is the layer; Options are RNNOptions or StackOptions.
template <template <class> class Make, class Options>
void layer(Cases& cases, const std::string& name) {
  const auto with = [&](const char* sample, Index inputs, Index hidden, const Options& options) {
    add(cases, name + ": " + sample,
        [=]<class T>(Run<T>& run) { layer_case(run, Make<T>(inputs, hidden, options)); });
  };
  with("one layer", 4, 3, {});
  with("two layers without biases", 4, 3, {.num_layers = 2, .bias = false});
  with("two layers, both directions", 4, 3, {.num_layers = 2, .bidirectional = true});
  with("two layers, both directions, lengths", 2, 3, {.num_layers = 2, .bidirectional = true});
  with("dropout in evaluation", 3, 2, {.num_layers = 2, .dropout = 0.5});
}

}  // namespace

Cases recurrent_op_cases() {
  Cases cases;
  op(cases, "rnn_tanh", [](const auto&... in) { return rnn_tanh(in...); });
  op(cases, "rnn_relu", [](const auto&... in) { return rnn_relu(in...); });
  op(cases, "lstm", [](const auto&... in) { return lstm(in...); });
  op(cases, "gru", [](const auto&... in) { return gru(in...); });
  add(cases, "rnn_cell: tanh", [](auto& run) {
    run.backward(outputs(rnn_cell(run.in("x"), {run.in("h0")}, weights(run))));
  });
  add(cases, "rnn_cell: relu", [](auto& run) {
    run.backward(
        outputs(rnn_cell(run.in("x"), {run.in("h0")}, weights(run), RnnNonlinearity::relu)));
  });
  add(cases, "lstm_cell: step", [](auto& run) {
    run.backward(outputs(lstm_cell(run.in("x"), {run.in("h0"), run.in("c0")}, weights(run))));
  });
  add(cases, "gru_cell: step", [](auto& run) {
    run.backward(outputs(gru_cell(run.in("x"), {run.in("h0")}, weights(run))));
  });
  return cases;
}

Cases recurrent_layer_cases() {
  Cases cases;
  add(cases, "RNN: relu, from zeros", []<class T>(Run<T>& run) {
    layer_case(run, nn::RNN<T>(4, 3, {.nonlinearity = RnnNonlinearity::relu}));
  });
  layer<nn::RNN, nn::RNNOptions>(cases, "RNN");
  layer<nn::LSTM, nn::StackOptions>(cases, "LSTM");
  layer<nn::GRU, nn::StackOptions>(cases, "GRU");
  return cases;
}

}  // namespace golden
