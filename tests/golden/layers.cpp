#include <iterator>

#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/pool.hpp>
#include <xgrad/nn/sequential.hpp>

#include "golden/golden.hpp"

namespace golden {

using namespace xgrad;

namespace {

// `make(run)` is the layer.
template <class F>
void layer(Cases& cases, const std::string& name, F make, bool training = true,
           const std::map<std::string, std::string>& zero = {}) {
  add(cases, name, [make, training, zero](auto& run) {
    auto module = make(run);
    run.load(module);
    module.train(training);
    run.backward({{"y", module(run.in("x"))}});
    run.check_module(module, zero);
  });
}

void with_weights(Cases& cases) {
  layer(cases, "Conv2d: everything", []<class T>(Run<T>&) {
    return nn::Conv2d<T>(4, 6, {3, 2},
                         {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}, .groups = 2});
  });
  layer(cases, "Conv2d: no bias",
        []<class T>(Run<T>&) { return nn::Conv2d<T>(3, 4, 3, {}, false); });
  layer(cases, "Conv1d: everything", []<class T>(Run<T>&) {
    return nn::Conv1d<T>(4, 6, 3, {.stride = 2, .padding = 1, .dilation = 2, .groups = 2});
  });
  layer(cases, "Conv1d: no bias",
        []<class T>(Run<T>&) { return nn::Conv1d<T>(3, 4, 2, {}, false); });
  for (const bool training : {true, false}) {
    const std::string mode = training ? "training" : "evaluation";
    layer(
        cases, "BatchNorm2d: " + mode, []<class T>(Run<T>&) { return nn::BatchNorm2d<T>(3); },
        training);
    layer(
        cases, "BatchNorm1d: " + mode, []<class T>(Run<T>&) { return nn::BatchNorm1d<T>(4); },
        training);
  }
  layer(cases, "BatchNorm1d: sequences, eps and momentum",
        []<class T>(Run<T>&) { return nn::BatchNorm1d<T>(3, 0.125, 0.25); });
  layer(cases, "Linear: bias", []<class T>(Run<T>&) { return nn::Linear<T>(4, 3); });
  layer(cases, "Linear: no bias", []<class T>(Run<T>&) { return nn::Linear<T>(4, 3, false); });
  add(cases, "Embedding: sequences", []<class T>(Run<T>& run) {
    nn::Embedding<T> module(5, 3);
    run.load(module);
    run.backward({{"y", module(run.integers("ids"), run.shape("ids"))}});
    run.check_module(module);
  });
}

void without_weights(Cases& cases) {
  const Size2d kernel{3, 2}, stride{2, 1}, padding{1, 0};
  layer(cases, "MaxPool2d: options",
        [=]<class T>(Run<T>&) { return nn::MaxPool2d<T>(kernel, stride, padding); });
  layer(cases, "AvgPool2d: options",
        [=]<class T>(Run<T>&) { return nn::AvgPool2d<T>(kernel, stride, padding); });
  layer(cases, "GlobalAvgPool2d: images",
        []<class T>(Run<T>&) { return nn::GlobalAvgPool2d<T>(); });
  layer(cases, "Flatten: channels first",
        []<class T>(Run<T>&) { return nn::Flatten<T>(nn::FlattenOrder::channels_first); });
  layer(cases, "Flatten: channels last", []<class T>(Run<T>&) { return nn::Flatten<T>(); });
  layer(cases, "Tanh: matrix", []<class T>(Run<T>&) { return nn::Tanh<T>(); });
  layer(cases, "ReLU: matrix", []<class T>(Run<T>&) { return nn::ReLU<T>(); });
  layer(cases, "Sigmoid: matrix", []<class T>(Run<T>&) { return nn::Sigmoid<T>(); });
  layer(cases, "Softmax: rows", []<class T>(Run<T>&) { return nn::Softmax<T>(); });
  layer(cases, "Softmax: columns", []<class T>(Run<T>&) { return nn::Softmax<T>(0); });
  layer(cases, "LogSoftmax: rows", []<class T>(Run<T>&) { return nn::LogSoftmax<T>(); });
  layer(
      cases, "Dropout: evaluation", []<class T>(Run<T>&) { return nn::Dropout<T>(0.5); }, false);
}

}  // namespace

Cases layer_cases() {
  Cases cases;
  with_weights(cases);
  without_weights(cases);
  // Batch norm takes out what the convolution's bias adds, so the gradient of that is zero.
  layer(cases, "Sequential: a small network",
        []<class T>(Run<T>&) {
          return nn::Sequential<T>(nn::Conv2d<T>(2, 4, 3, {.padding = 1}), nn::BatchNorm2d<T>(4),
                                   nn::Tanh<T>(), nn::MaxPool2d<T>(2),
                                   nn::Flatten<T>(nn::FlattenOrder::channels_first),
                                   nn::Linear<T>(24, 5));
        },
        true, {{"0.bias", "0.weight"}});
  auto recurrent = recurrent_layer_cases();
  std::move(recurrent.begin(), recurrent.end(), std::back_inserter(cases));
  return cases;
}

}  // namespace golden
