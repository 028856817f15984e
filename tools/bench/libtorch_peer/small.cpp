// Small ops, where the framework itself is what costs.

#include <memory>

#include "tools/bench/libtorch_peer/training.hpp"

namespace peer {
namespace {

Step start_chain() {
  const Tensor x = input("x", {4, 4}).requires_grad_(), ones = torch::ones({4, 4});
  return [=] {
    Tensor y = x;
    for (int i = 0; i < 100; ++i) y = torch::tanh(y);
    x.mutable_grad() = Tensor();
    y.backward(ones);
    return y;
  };
}

Tensor parameter(const char* name, at::IntArrayRef shape) {
  Tensor result = torch::empty(shape);
  bench::fill_parameter(name, static_cast<int>(shape.size()), shape[0], result.numel(),
                        result.data_ptr<float>());
  return result.requires_grad_();
}

Step start_unrolled_cell() {
  constexpr std::int64_t hidden = 64, steps = 50;
  const Tensor w_ih = parameter("weight_ih", {hidden, hidden});
  const Tensor w_hh = parameter("weight_hh", {hidden, hidden});
  const Tensor b_ih = parameter("bias_ih", {hidden}), b_hh = parameter("bias_hh", {hidden});
  std::vector<Tensor> xs;
  const Tensor all = input("x", {steps, 1, hidden});
  for (std::int64_t t = 0; t < steps; ++t) xs.push_back(all[t].clone());
  const Tensor ones = torch::ones({1, hidden});
  return [=] {
    Tensor h = torch::zeros({1, hidden});
    for (const Tensor& x : xs)
      h = torch::tanh(torch::linear(x, w_ih, b_ih) + torch::linear(h, w_hh, b_hh));
    for (const Tensor& w : {w_ih, w_hh, b_ih, b_hh}) w.mutable_grad() = Tensor();
    h.backward(ones);
    return h;
  };
}

struct Xor : torch::nn::Module {
  torch::nn::Linear hidden = register_module("hidden", torch::nn::Linear(2, 8));
  torch::nn::Linear output = register_module("output", torch::nn::Linear(8, 1));
  Tensor forward(const Tensor& x) { return output(torch::tanh(hidden(x))); }
};

Step start_xor() {
  auto model = std::make_shared<Xor>();
  fill_parameters(*model);
  auto sgd = std::make_shared<torch::optim::SGD>(model->parameters(),
                                                 torch::optim::SGDOptions(0.1).momentum(0.9));
  const Tensor x = torch::tensor({0.F, 0.F, 0.F, 1.F, 1.F, 0.F, 1.F, 1.F}).view({4, 2});
  const Tensor target = torch::tensor({0.F, 1.F, 1.F, 0.F}).view({4, 1});
  return [=] {
    const Tensor loss = torch::mse_loss(model->forward(x), target);
    forget_gradients(*sgd);
    loss.backward();
    sgd->step();
    return loss;
  };
}

}  // namespace

void add_small_cases(std::vector<Case>& all) {
  all.push_back({"node", "", "ns", 100, start_chain});
  all.push_back({"unrolled_cell", "", "us", 50, start_unrolled_cell});
  all.push_back({"xor", "", "us", 1, start_xor});
}

}  // namespace peer
