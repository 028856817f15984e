// Networks on images of one channel: training steps and inference.

#include <memory>

#include "tools/bench/libtorch_peer/training.hpp"

namespace peer {
namespace {

torch::nn::Conv2d conv(int in, int out, int kernel, int padding) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding(padding));
}

struct LeNet : torch::nn::Module {
  torch::nn::Conv2d conv1 = register_module("conv1", conv(1, 16, 5, 2));
  torch::nn::BatchNorm2d bn1 = register_module("bn1", torch::nn::BatchNorm2d(16));
  torch::nn::Conv2d conv2 = register_module("conv2", conv(16, 32, 5, 2));
  torch::nn::BatchNorm2d bn2 = register_module("bn2", torch::nn::BatchNorm2d(32));
  torch::nn::Linear fc1 = register_module("fc1", torch::nn::Linear(1568, 128));
  torch::nn::Linear fc2 = register_module("fc2", torch::nn::Linear(128, 10));
  bool folded = false;

  Tensor forward(Tensor x) {
    x = conv1(x);
    x = torch::max_pool2d(torch::tanh(folded ? x : bn1(x)), 2);
    x = conv2(x);
    x = torch::max_pool2d(torch::tanh(folded ? x : bn2(x)), 2);
    return fc2(torch::tanh(fc1(torch::flatten(x.contiguous(), 1))));
  }

  // The affine map of each batch norm goes into the convolution before it.
  void fold() {
    const torch::NoGradGuard no_grad;
    for (auto& [c, bn] : {std::pair(conv1, bn1), std::pair(conv2, bn2)}) {
      const Tensor scale = bn->weight / torch::sqrt(bn->running_var + bn->options.eps());
      c->weight.mul_(scale.view({-1, 1, 1, 1}));
      c->bias.sub_(bn->running_mean).mul_(scale).add_(bn->bias);
    }
    folded = true;
  }
};

struct LeNet5 : torch::nn::Module {
  torch::nn::Conv2d conv1 = register_module("conv1", conv(1, 6, 5, 2));
  torch::nn::Conv2d conv2 = register_module("conv2", conv(6, 16, 5, 0));
  torch::nn::Linear fc1 = register_module("fc1", torch::nn::Linear(400, 120));
  torch::nn::Linear fc2 = register_module("fc2", torch::nn::Linear(120, 84));
  torch::nn::Linear fc3 = register_module("fc3", torch::nn::Linear(84, 10));

  Tensor forward(Tensor x) {
    x = torch::avg_pool2d(torch::tanh(conv1(x)), 2);
    x = torch::avg_pool2d(torch::tanh(conv2(x)), 2);
    x = torch::tanh(fc1(torch::flatten(x.contiguous(), 1)));
    return fc3(torch::tanh(fc2(x)));
  }
};

struct TorchExample : torch::nn::Module {
  torch::nn::Conv2d conv1 = register_module("conv1", conv(1, 32, 3, 0));
  torch::nn::Conv2d conv2 = register_module("conv2", conv(32, 64, 3, 0));
  torch::nn::Linear fc1 = register_module("fc1", torch::nn::Linear(9216, 128));
  torch::nn::Linear fc2 = register_module("fc2", torch::nn::Linear(128, 10));

  Tensor forward(Tensor x) {
    x = torch::max_pool2d(torch::relu(conv2(torch::relu(conv1(x)))), 2);
    return fc2(torch::relu(fc1(torch::flatten(x.contiguous(), 1))));
  }
};

template <class Model>
std::shared_ptr<Model> filled_model() {
  auto model = std::make_shared<Model>();
  fill_parameters(*model);
  if (options.tuned)
    for (auto& parameter : model->parameters())
      if (parameter.dim() == 4)
        parameter.set_data(parameter.data().contiguous(at::MemoryFormat::ChannelsLast));
  return model;
}

Tensor images_of(std::int64_t batch) {
  const Tensor images = input("images", {batch, 1, 28, 28});
  return options.tuned ? images.contiguous(at::MemoryFormat::ChannelsLast) : images;
}

template <class Model>
Step start_training(std::int64_t batch) {
  auto model = filled_model<Model>();
  auto sgd = std::make_shared<torch::optim::SGD>(model->parameters(),
                                                 torch::optim::SGDOptions(0.01).momentum(0.9));
  const Tensor images = images_of(batch), labels = classes("labels", batch, 10);
  return [=] {
    Tensor logits;
    {
      const Autocast autocast;
      logits = model->forward(images);
    }
    const Tensor loss = F::cross_entropy(logits.to(at::kFloat), labels);
    forget_gradients(*sgd);
    loss.backward();
    sgd->step();
    return loss;
  };
}

Step start_inference(std::int64_t batch) {
  auto model = filled_model<LeNet>();
  model->eval();
  if (options.tuned) model->fold();
  const Tensor images = images_of(batch);
  return [=] {
    const Autocast autocast;
    if (options.tuned) {
      const c10::InferenceMode inference;
      return model->forward(images);
    }
    const torch::NoGradGuard no_grad;
    return model->forward(images);
  };
}

template <class Model>
void add_training(std::vector<Case>& all, const char* name, std::vector<std::int64_t> batches) {
  for (const auto batch : batches)
    all.push_back({name, "batch " + std::to_string(batch), "images/s", static_cast<double>(batch),
                   [=] { return start_training<Model>(batch); }});
}

}  // namespace

void add_image_cases(std::vector<Case>& all) {
  add_training<LeNet>(all, "lenet_bn", {1, 16, 64, 256});
  add_training<LeNet5>(all, "lenet5", {1, 16, 64, 256});
  add_training<TorchExample>(all, "torchex", {64});
  all.push_back({"lenet_bn_inference", "batch 1", "us", 1, [] { return start_inference(1); }});
  all.push_back(
      {"lenet_bn_inference", "batch 256", "images/s", 256, [] { return start_inference(256); }});
}

}  // namespace peer
