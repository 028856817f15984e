#include "golden/golden.hpp"

#include <cmath>
#include <span>

#include <models/char_rnn/char_rnn.hpp>
#include <models/lenet/lenet.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/sgd.hpp>

namespace golden {

using namespace xgrad;

namespace {

// The generator's pattern(): what is too large to be stored.
template <class T>
Tensor<T> pattern(const Shape& shape, std::uint32_t salt, T factor = 1, T offset = 0) {
  Tensor<T> x = Tensor<T>::empty(shape);
  std::uint32_t i = 0;
  for (T& value : x.values()) {
    std::uint32_t h = i++ + salt * 0x9E3779B9U;
    h = (h ^ (h >> 16)) * 0x85EBCA6BU;
    h = (h ^ (h >> 13)) * 0xC2B2AE35U;
    h ^= h >> 16;
    value = (static_cast<T>(h >> 16) / 32768 - 1) * factor + offset;
  }
  return x;
}

// In the order of the names, number k gets pattern k.
template <class T>
StateDict<T> patterns(const StateDict<T>& like) {
  StateDict<T> result;
  std::uint32_t salt = 0;
  for (const auto& [name, tensor] : like) {
    const bool is_scale =
        name.ends_with("running_var") || (name.starts_with("bn") && name.ends_with("weight"));
    result[name] = name.ends_with("num_batches_tracked")
                       ? tensor
                       : pattern<T>(tensor.shape(), salt, T(1) / 8, is_scale ? 1 : 0);
    ++salt;
  }
  return result;
}

// Compares the gradients' norms, and the elements that are stored: of large ones every 211th.
template <class T>
void check_gradients(Run<T>& run, nn::Module<T>& net,
                     const std::map<std::string, std::string>& zero) {
  for (const auto& [name, gradient] : gradients_in_files(net)) {
    double sum = 0;
    for (const T value : gradient.values()) sum += static_cast<double>(value) * value;
    const bool large = gradient.size() > 1024;
    Tensor<T> stored = gradient;
    if (large) {
      stored = Tensor<T>::empty(run.shape("grad." + name));
      for (Index i = 0; i < stored.size(); ++i)
        stored.data()[i] = std::as_const(gradient).data()[211 * i];
    }
    const auto found = zero.find(name);
    const auto scale = [&](const std::string& what) {
      return found == zero.end() ? 0 : run.largest(what + found->second);
    };
    run.check("grad." + name, stored, scale("grad."));
    run.check("norm." + name, Tensor<T>::full(Shape{}, static_cast<T>(std::sqrt(sum))),
              scale("norm."));
  }
}

template <template <class> class Net>
void three_steps(Cases& cases, const std::string& name,
                 const std::map<std::string, std::string>& zero = {}) {
  add(cases, name, [zero]<class T>(Run<T>& run) {
    Net<T> net;
    net.load_state_dict(patterns(net.state_dict()));
    const Variable<T> x = pattern<T>({4, 28, 28, 1}, 100);
    const std::vector<std::int32_t> targets{3, 0, 9, 3};
    optim::SGD<T> sgd(net.parameters(), {.lr = 0.0625, .momentum = 0.9});
    Tensor<T> losses = Tensor<T>::empty({3});
    for (int step = 0; step < 3; ++step) {
      const Variable<T> logits = net(x);
      const Variable<T> loss = cross_entropy(logits, targets);
      losses.data()[step] = loss.item();
      sgd.zero_grad();
      loss.backward();
      if (step == 0) {
        run.check("logits", logits.value());
        check_gradients<T>(run, net, zero);
      }
      sgd.step();
    }
    run.check("losses", losses);
    run.check_buffers(net);
    net.eval();
    run.check("after.logits", net(x).value());
  });
}

// Truncated backpropagation through time over three windows of text.
void char_rnn(Cases& cases, const std::string& cell, const models::CharRnnOptions& options) {
  add(cases, "CharRnn: " + cell, [options]<class T>(Run<T>& run) {
    models::CharRnn<T> net(5, options);
    run.load(net);
    optim::SGD<T> sgd(net.parameters(), {.lr = 0.5, .momentum = 0.9, .nesterov = true});
    RecurrentState<T> state;
    Tensor<T> losses = Tensor<T>::empty({3}), norms = Tensor<T>::empty({3});
    for (int window = 0; window < 3; ++window) {
      const std::string key = "text" + std::to_string(window);
      const std::vector<std::int32_t> text = run.integers(key);
      const Index steps = run.shape(key)[0] - 1, batch = run.shape(key)[1];
      const auto row = static_cast<std::size_t>(batch);
      const std::span ids(text);
      const auto [logits, next] = net.forward({ids.first(ids.size() - row), steps, batch}, state);
      const Variable<T> loss = cross_entropy(logits, ids.subspan(row));
      sgd.zero_grad();
      loss.backward();
      losses.data()[window] = loss.item();
      norms.data()[window] = static_cast<T>(optim::clip_grad_norm(net.parameters(), 0.25));
      if (window == 0)
        for (const auto& [name, gradient] : gradients_in_files<T>(net))
          run.check("grad." + name, gradient);
      sgd.step();
      state = next.detach();
    }
    run.check("losses", losses);
    run.check("norms", norms);
    run.check("h", state.h.value());
    if (state.c.defined()) run.check("c", state.c.value());
    for (const auto& [name, tensor] : net.state_dict()) run.check("after." + name, tensor);
  });
}

}  // namespace

Cases network_cases() {
  Cases cases;
  // Batch norm takes out what a convolution's bias adds, so the gradient of that is zero.
  three_steps<models::LeNet>(cases, "LeNet: three steps",
                             {{"conv1.bias", "conv1.weight"}, {"conv2.bias", "conv2.weight"}});
  three_steps<models::LeNetRelu>(cases, "LeNetRelu: three steps",
                                 {{"conv1.bias", "conv1.weight"}, {"conv2.bias", "conv2.weight"}});
  three_steps<models::LeNet5>(cases, "LeNet5: three steps");
  char_rnn(cases, "rnn", {.cell = models::CharCell::rnn, .hidden = 4});
  char_rnn(cases, "lstm", {.cell = models::CharCell::lstm, .hidden = 4, .layers = 2});
  char_rnn(cases, "gru", {.cell = models::CharCell::gru, .hidden = 4, .layers = 2});
  return cases;
}

}  // namespace golden
