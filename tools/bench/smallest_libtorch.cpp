// smallest_xgrad.cpp in libtorch.

#include <cstdio>

#include <torch/torch.h>

namespace nn = torch::nn;

int main() {
  nn::Sequential model(nn::Conv2d(nn::Conv2dOptions(1, 16, 5).padding(2)), nn::BatchNorm2d(16),
                       nn::Tanh(), nn::MaxPool2d(2),
                       nn::Conv2d(nn::Conv2dOptions(16, 32, 5).padding(2)), nn::BatchNorm2d(32),
                       nn::Tanh(), nn::MaxPool2d(2), nn::Flatten(), nn::Linear(1568, 128),
                       nn::Tanh(), nn::Linear(128, 10));
  torch::optim::SGD sgd(model->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9));
  const auto images = torch::full({64, 1, 28, 28}, 0.5F);
  const auto labels = torch::full({64}, 3, torch::kLong);

  const auto loss = nn::functional::cross_entropy(model->forward(images), labels);
  loss.backward();
  sgd.step();
  std::printf("loss %g\n", loss.item<double>());
}
