// Models of characters: carried state, clipping, Adam.

#include <memory>
#include <sstream>

#include "tools/bench/libtorch_peer/training.hpp"

namespace peer {
namespace {

// One layer and a head; `Layer` is torch::nn::{RNN,LSTM,GRU}.
template <class Layer>
struct CharRnn : torch::nn::Module {
  static constexpr bool is_lstm = std::is_same_v<Layer, torch::nn::LSTM>;
  static constexpr bool is_rnn = std::is_same_v<Layer, torch::nn::RNN>;

  CharRnn(const char* name, std::int64_t hidden)
      : layer(register_module(name, Layer(bench::vocabulary, hidden))),
        head(register_module("head", torch::nn::Linear(hidden, bench::vocabulary))) {}

  // ids [T, B]; h and c as carried. Returns logits [T*B, V].
  Tensor forward(const Tensor& ids, Tensor& h, Tensor& c) {
    Tensor output;
    if constexpr (is_rnn) {
      if (options.tuned) return head(look_up(ids, h).flatten(0, 1));
    }
    const Tensor x = torch::one_hot(ids, bench::vocabulary).to(at::kFloat);
    if constexpr (is_lstm) {
      auto [y, state] = layer->forward(x, std::tuple(h, c));
      output = y;
      std::tie(h, c) = state;
    } else {
      std::tie(output, h) = layer->forward(x, h);
    }
    return head(output.flatten(0, 1));
  }

  // A one-hot vector selects a column of W_ih; then one product, sum and tanh per step.
  Tensor look_up(const Tensor& ids, Tensor& h) {
    const auto w = layer->named_parameters();
    const Tensor table = w["weight_ih_l0"].t() + (w["bias_ih_l0"] + w["bias_hh_l0"]);
    const auto inputs = torch::embedding(table, ids).unbind(0);
    const Tensor w_hh = w["weight_hh_l0"].t();
    Tensor state = h[0];
    std::vector<Tensor> outputs;
    for (const Tensor& x : inputs)
      outputs.push_back(state = torch::tanh(torch::addmm(x, state, w_hh)));
    h = state.unsqueeze(0);
    return torch::stack(outputs);
  }

  Layer layer;
  torch::nn::Linear head;
};

template <class Layer>
Step start_chars(const char* name, std::int64_t hidden, std::int64_t steps, std::int64_t batch) {
  auto model = std::make_shared<CharRnn<Layer>>(name, hidden);
  fill_parameters(*model);
  auto adam =
      std::make_shared<torch::optim::Adam>(model->parameters(), torch::optim::AdamOptions(1e-3));
  const Tensor ids = classes("ids", steps * batch, bench::vocabulary).view({steps, batch});
  const Tensor targets = classes("targets", steps * batch, bench::vocabulary);
  auto h = std::make_shared<Tensor>(torch::zeros({1, batch, hidden}));
  auto c = std::make_shared<Tensor>(torch::zeros({1, batch, hidden}));
  return [=] {
    Tensor logits;
    {
      const Autocast autocast;
      logits = model->forward(ids, *h, *c);
    }
    const Tensor loss = F::cross_entropy(logits.to(at::kFloat), targets);
    forget_gradients(*adam);
    loss.backward();
    torch::nn::utils::clip_grad_norm_(model->parameters(), 5.0);
    adam->step();
    *h = h->detach();
    *c = c->detach();
    return loss;
  };
}

template <class Layer>
void add_chars(std::vector<Case>& all, const std::string& cell, const char* module) {
  struct Size {
    std::int64_t hidden, steps, batch;
  };
  for (const Size s : {Size{128, 50, 32}, {256, 64, 32}, {512, 64, 64}}) {
    std::ostringstream name;
    name << "charrnn_" << cell << "_H" << s.hidden << "_T" << s.steps << "_B" << s.batch;
    all.push_back({name.str(), "", "chars/s", static_cast<double>(s.steps * s.batch),
                   [=] { return start_chars<Layer>(module, s.hidden, s.steps, s.batch); }});
  }
}

}  // namespace

void add_char_cases(std::vector<Case>& all) {
  add_chars<torch::nn::RNN>(all, "tanh", "rnn");
  add_chars<torch::nn::LSTM>(all, "lstm", "lstm");
  add_chars<torch::nn::GRU>(all, "gru", "gru");
}

}  // namespace peer
