// A training step of LeNet with batch norm, in xgrad: tools/bench/compare weighs this program, with
// all that it loads, against smallest_libtorch.cpp.

#include <xgrad/xgrad.hpp>

#include <cstdint>
#include <cstdio>
#include <vector>

using namespace xgrad;

int main() {
  nn::Sequential<float> model(
      nn::Conv2d<float>(1, 16, 5, {.padding = 2}), nn::BatchNorm2d<float>(16), nn::Tanh<float>(),
      nn::MaxPool2d<float>(2), nn::Conv2d<float>(16, 32, 5, {.padding = 2}),
      nn::BatchNorm2d<float>(32), nn::Tanh<float>(), nn::MaxPool2d<float>(2), nn::Flatten<float>(),
      nn::Linear<float>(1568, 128), nn::Tanh<float>(), nn::Linear<float>(128, 10));
  optim::SGD<float> sgd(model.parameters(), {.lr = 0.01, .momentum = 0.9});
  const Variable<float> images(Tensor<float>::full({64, 28, 28, 1}, 0.5F));
  const std::vector<std::int32_t> labels(64, 3);

  const auto loss = cross_entropy(model(images), labels);
  loss.backward();
  sgd.step();
  std::printf("loss %g\n", static_cast<double>(loss.item()));
}
