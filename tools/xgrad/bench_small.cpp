// Where the framework itself is what costs: small ops, and how their cost grows with the graph.

#include <memory>

#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/recurrent_cells.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/optim/sgd.hpp>

#include <fmt/format.h>

#include "tools/xgrad/bench_case.hpp"
#include "tools/xgrad/bench_inputs.hpp"

namespace xgrad::command {
namespace {

// tanh(tanh(...)), forward and backward.
Step start_chain(const Shape& shape, Index length) {
  const Variable<float> x(input("x", shape), true);
  const Tensor<float> ones = Tensor<float>::full(shape, 1.0F);
  return [=] {
    Variable<float> y = x;
    for (Index i = 0; i < length; ++i) y = tanh(std::move(y));
    x.zero_grad();
    y.backward(ones);
    return y;
  };
}

Variable<float> parameter(const char* name, const Shape& shape) {
  Tensor<float> tensor = Tensor<float>::empty(shape);
  bench::fill_parameter(name, shape.rank(), shape[0], tensor.size(), tensor.data());
  return Variable<float>(std::move(tensor), true);
}

RecurrentWeights<float> cell_weights(Index inputs, Index hidden) {
  return {parameter("weight_ih", {hidden, inputs}), parameter("weight_hh", {hidden, hidden}),
          parameter("bias_ih", {hidden}), parameter("bias_hh", {hidden})};
}

void zero_gradients(const RecurrentWeights<float>& w) {
  for (const auto& one : {w.w_ih, w.w_hh, w.b_ih, w.b_hh}) one.zero_grad();
}

// A recurrent cell of two products, a sum and tanh per step, forward and backward.
Step start_unrolled_cell(Index hidden, Index steps) {
  const RecurrentWeights<float> weights = cell_weights(hidden, hidden);
  std::vector<Variable<float>> xs;
  const Tensor<float> all = input("x", {steps, 1, hidden});
  for (Index t = 0; t < steps; ++t) xs.emplace_back(all[t].clone());
  const Tensor<float> ones = Tensor<float>::full({1, hidden}, 1.0F);
  return [=] {
    RecurrentState<float> state;
    state.h = Variable<float>(Tensor<float>(Shape{1, hidden}));
    for (const Variable<float>& x : xs) state = rnn_cell(x, state, weights);
    zero_gradients(weights);
    state.h.backward(ones);
    return state.h;
  };
}

// The same over x[t] of one variable that takes a gradient itself.
Step start_sliced_cell(Index steps) {
  constexpr Index inputs = 16, hidden = 16;
  const RecurrentWeights<float> weights = cell_weights(inputs, hidden);
  const Variable<float> all(input("x", {steps, inputs}), true);
  const Tensor<float> ones = Tensor<float>::full({1, hidden}, 1.0F);
  return [=] {
    RecurrentState<float> state;
    state.h = Variable<float>(Tensor<float>(Shape{1, hidden}));
    for (Index t = 0; t < steps; ++t) state = rnn_cell(slice(all, 0, t, t + 1), state, weights);
    zero_gradients(weights);
    all.zero_grad();
    state.h.backward(ones);
    return state.h;
  };
}

class Xor : public nn::Module<float> {
 public:
  nn::Linear<float>& hidden = add("hidden", nn::Linear<float>(2, 8));
  nn::Linear<float>& output = add("output", nn::Linear<float>(8, 1));
  Variable<float> forward(Variable<float> x) override { return output(tanh(hidden(std::move(x)))); }
};

Step start_xor() {
  struct State {
    Xor model;
    optim::SGD<float> sgd{model.parameters(), {.lr = 0.1, .momentum = 0.9}};
  };
  const auto state = std::make_shared<State>();
  fill_parameters(state->model);
  const Variable<float> x = Tensor<float>::from({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  const Variable<float> exclusive_or = Tensor<float>::from({0, 1, 1, 0}, {4, 1});
  return [=] {
    const auto loss = mse_loss(state->model(x), exclusive_or);
    state->sgd.zero_grad();
    loss.backward();
    state->sgd.step();
    return loss;
  };
}

// Layers of 64 units and tanh.
Step start_deep(Index depth) {
  const auto model = std::make_shared<nn::Sequential<float>>();
  for (Index i = 0; i < depth; ++i) {
    model->append(nn::Linear<float>(64, 64));
    model->append(nn::Tanh<float>());
  }
  fill_parameters(*model);
  const Variable<float> x(input("x", {32, 64}));
  const Tensor<float> ones = Tensor<float>::full({32, 64}, 1.0F);
  return [=] {
    const Variable<float> y = (*model)(x);
    model->zero_grad();
    y.backward(ones);
    return y;
  };
}

Workload scaling(const char* name, const char* description, const char* letter, const char* unit,
                 const std::vector<Index>& sizes, const std::function<Step(Index)>& start) {
  Workload workload{name, description, {}};
  for (const Index size : sizes)
    workload.cases.push_back({.workload = name,
                              .variant = fmt::format("{} {}", letter, size),
                              .unit = unit,
                              .amount = static_cast<double>(size),
                              .start = [=] { return start(size); }});
  return workload;
}

}  // namespace

void add_small_workloads(std::vector<Workload>& all) {
  const auto add = [&](const char* name, const char* description, const char* unit, double amount,
                       std::function<Step()> start) {
    all.push_back({name,
                   description,
                   {{.workload = name,
                     .variant = "",
                     .unit = unit,
                     .amount = amount,
                     .start = std::move(start)}}});
  };
  add("node", "one tanh on 4x4 in a chain of 100, forward and backward", "ns", 100, [] {
    return start_chain({4, 4}, 100);
  });
  add("unrolled_cell", "one step of an RNN cell of separate ops, H 64, B 1", "us", 50,
      [] { return start_unrolled_cell(64, 50); });
  add("xor", "training step of an MLP 2-8-1 on four rows", "us", 1, start_xor);
}

void add_scaling_workloads(std::vector<Workload>& all) {
  all.push_back(scaling("scaling_nodes", "chain of tanh on 4 values, time per node", "nodes", "ns",
                        {1000, 10000, 100000, 1000000},
                        [](Index n) { return start_chain({4}, n); }));
  all.push_back(scaling("scaling_slices", "RNN cell of separate ops over x[t], time per step", "T",
                        "us", {10, 100, 1000, 10000}, start_sliced_cell));
  all.push_back(scaling("scaling_depth", "MLP of 64 units, batch 32, time per layer", "layers",
                        "us", {1, 10, 100, 1000}, start_deep));
}

}  // namespace xgrad::command
