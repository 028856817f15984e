// Networks on images of one channel: training steps and inference.

#include <memory>

#include <models/lenet/lenet.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/optim/sgd.hpp>

#include <fmt/format.h>

#include "tools/xgrad/bench_floor.hpp"
#include "tools/xgrad/bench_inputs.hpp"

namespace xgrad::command {
namespace {

using models::LeNet;
using models::LeNet5;

// PyTorch's basic MNIST example, without its dropout.
class TorchExample : public nn::Module<float> {
 public:
  Variable<float> forward(Variable<float> x) override {
    x = relu(conv1(std::move(x)));                 // [N, 26, 26, 32]
    x = max_pool2d(relu(conv2(std::move(x))), 2);  // [N, 12, 12, 64]
    return fc2(relu(fc1(flatten(std::move(x)))));
  }

  nn::Conv2d<float>& conv1 = add("conv1", nn::Conv2d<float>(1, 32, 3));
  nn::Conv2d<float>& conv2 = add("conv2", nn::Conv2d<float>(32, 64, 3));
  nn::Flatten<float>& flatten =
      add("flatten", nn::Flatten<float>(nn::FlattenOrder::channels_first));
  nn::Linear<float>& fc1 = add("fc1", nn::Linear<float>(9216, 128));
  nn::Linear<float>& fc2 = add("fc2", nn::Linear<float>(128, 10));
};

// Forward, loss, backward, SGD with momentum.
template <class Model>
Step start_training(Index batch) {
  struct State {
    Model model;
    optim::SGD<float> sgd{model.parameters(), {.lr = 0.01, .momentum = 0.9}};
    Tensor<float> images;
    std::vector<std::int32_t> labels;
  };
  const auto state = std::make_shared<State>();
  fill_parameters(state->model);
  state->images = input("images", {batch, 28, 28, 1});
  state->labels = bench::classes("labels", batch, 10);
  return [state] {
    auto loss = cross_entropy(state->model(Variable<float>(state->images)), state->labels);
    state->sgd.zero_grad();
    loss.backward();
    state->sgd.step();
    return loss;
  };
}

Step start_inference(Index batch) {
  const auto model = std::make_shared<LeNet<float>>();
  fill_parameters(*model);
  model->eval();
  const Tensor<float> images = input("images", {batch, 28, 28, 1});
  return [model, images] {
    const NoGrad no_grad;
    return (*model)(Variable<float>(images));
  };
}

// The products of two convolutions and of linear layers, `widths` being the features between those.
Floor products_floor(const kernels::ConvShape& first, const kernels::ConvShape& second,
                     const std::vector<Index>& widths, bool is_training = true) {
  Floor floor;
  add_conv(floor, first, true, is_training);
  add_conv(floor, second, false, is_training);
  for (std::size_t i = 1; i < widths.size(); ++i)
    add_linear(floor, first.batch, widths[i - 1], widths[i], is_training);
  return floor;
}

// SGD with momentum reads p, g and v and writes p and v.
void add_sgd(Floor& floor, double parameters) {
  add_pass(floor, "SGD step", OpPass::update, 5 * parameters);
}

// In what follows, `full` are the elements of both convolutions' outputs, `pooled` those after
// pooling.
Floor lenet_floor(Index batch, bool is_training) {
  Floor floor = products_floor({batch, 28, 28, 1, 16, 5, 1, 2}, {batch, 14, 14, 16, 32, 5, 1, 2},
                               {1568, 128, 10}, is_training);
  const auto n = static_cast<double>(batch);
  const double full = n * (28 * 28 * 16 + 14 * 14 * 32), pooled = full / 4;
  // The statistics need all values before the first can be normalised: two reads. Tanh and pooling
  // can be in the second. Without training there is one.
  if (is_training) add_pass(floor, "batch_norm", OpPass::forward, full);
  add_pass(floor, "max_pool2d", OpPass::forward, full + pooled);
  if (!is_training) return floor;
  // The gradient is zero but at the maxima, so its sums read the pooled elements alone (gradient
  // and value); dx depends on every value.
  add_pass(floor, "batch_norm", OpPass::backward, 2 * pooled + full + full);
  add_sgd(floor, 215466);
  return floor;
}

Floor lenet_training_floor(Index batch) { return lenet_floor(batch, true); }
Floor lenet_inference_floor(Index batch) { return lenet_floor(batch, false); }

Floor lenet5_floor(Index batch) {
  Floor floor = products_floor({batch, 28, 28, 1, 6, 5, 1, 2}, {batch, 14, 14, 6, 16, 5, 1, 0},
                               {400, 120, 84, 10});
  const auto n = static_cast<double>(batch);
  const double full = n * (28 * 28 * 6 + 10 * 10 * 16), pooled = full / 4;
  // tanh reads the sums and leaves its result for backward; the mean is made on the way.
  add_pass(floor, "tanh", OpPass::forward, full + full + pooled);
  add_pass(floor, "tanh", OpPass::backward, pooled + full + full);
  add_sgd(floor, 61706);
  return floor;
}

Floor torch_example_floor(Index batch) {
  Floor floor = products_floor({batch, 28, 28, 1, 32, 3, 1, 0}, {batch, 26, 26, 32, 64, 3, 1, 0},
                               {9216, 128, 10});
  const auto n = static_cast<double>(batch);
  const double first = n * 26 * 26 * 32, second = n * 24 * 24 * 64, pooled = second / 4;
  // The first relu can be part of its convolution; the second is with the pooling.
  add_pass(floor, "max_pool2d", OpPass::forward, second + pooled);
  add_pass(floor, "max_pool2d", OpPass::backward, pooled + second);
  add_pass(floor, "relu", OpPass::backward, 3 * first);
  add_sgd(floor, 1199882);
  return floor;
}

// A case for each size of batch.
Workload by_batch(const char* name, const char* description, const std::vector<Index>& batches,
                  Step (*start)(Index), Floor (*floor)(Index), const char* unit = "images/s") {
  Workload workload{name, description, {}};
  for (const Index batch : batches) {
    workload.cases.push_back({.workload = name,
                              .variant = fmt::format("batch {}", batch),
                              .unit = unit,
                              .amount = static_cast<double>(batch),
                              .start = [=] { return start(batch); }});
    if (floor != nullptr) workload.cases.back().floor = [=] { return floor(batch); };
  }
  return workload;
}

}  // namespace

void add_cnn_workloads(std::vector<Workload>& all) {
  all.push_back(by_batch("lenet_bn", "LeNet with batch norm, training step", {1, 16, 64, 256},
                         start_training<LeNet<float>>, lenet_training_floor));
  all.push_back(by_batch("lenet5", "the classic LeNet-5, training step", {1, 16, 64, 256},
                         start_training<LeNet5<float>>, lenet5_floor));
  all.push_back(by_batch("torchex", "PyTorch's basic MNIST example, training step", {64},
                         start_training<TorchExample>, torch_example_floor));
  all.push_back(by_batch("lenet_bn_inference", "LeNet with batch norm, logits only", {1, 256},
                         start_inference, lenet_inference_floor));
  all.back().cases.front().unit = "us";  // latency
  all.push_back(by_batch("scaling_batch", "LeNet with batch norm, time per image by batch size",
                         {1, 4, 16, 64, 256, 1024}, start_training<LeNet<float>>, nullptr, "us"));
}

}  // namespace xgrad::command
