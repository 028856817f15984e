#pragma once
// Small convolutional networks for 28x28 grey images, such as MNIST and Fashion-MNIST. Parameters
// have PyTorch's names and layouts in state_dict(), and the flattening is in its order: weights
// interchange.

#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/pool.hpp>

namespace xgrad::models {

/// Two convolutions with batch norm, tanh and max-pooling, and two linear layers, with dropout
/// between them: 215,466 parameters.
template <class T = float>
class LeNet : public nn::Module<T> {
 public:
  explicit LeNet(double dropout_rate = 0, Index classes = 10)
      : fc2(this->add("fc2", nn::Linear<T>(128, classes))),
        dropout(this->add("dropout", nn::Dropout<T>(dropout_rate))) {}

  /// Images [N, 28, 28, 1] to logits [N, classes].
  Variable<T> forward(Variable<T> x) override { return after_conv1(conv1(std::move(x))); }

  /// The rest of the way, for those who want to see what passes between.
  Variable<T> after_conv1(Variable<T> x) {
    x = max_pool2d(tanh(bn1(std::move(x))), 2);  // [N, 14, 14, 16]
    x = max_pool2d(tanh(bn2(conv2(std::move(x)))), 2);  // [N, 7, 7, 32]
    return fc2(dropout(tanh(fc1(flatten(std::move(x))))));
  }

  nn::Conv2d<T>& conv1 = this->add("conv1", nn::Conv2d<T>(1, 16, 5, {.padding = 2}));
  nn::BatchNorm2d<T>& bn1 = this->add("bn1", nn::BatchNorm2d<T>(16));
  nn::Conv2d<T>& conv2 = this->add("conv2", nn::Conv2d<T>(16, 32, 5, {.padding = 2}));
  nn::BatchNorm2d<T>& bn2 = this->add("bn2", nn::BatchNorm2d<T>(32));
  nn::Flatten<T>& flatten = this->add("flatten", nn::Flatten<T>(nn::FlattenOrder::channels_first));
  nn::Linear<T>& fc1 = this->add("fc1", nn::Linear<T>(7 * 7 * 32, 128));
  nn::Linear<T>& fc2;
  nn::Dropout<T>& dropout;
};

/// The same layers for speed: no padding, so that the second convolution has a third of the work,
/// and relu. Less than half the time of LeNet per image, and more accurate after as many seconds:
/// 80,298 parameters.
template <class T = float>
class LeNetRelu : public nn::Module<T> {
 public:
  explicit LeNetRelu(double dropout_rate = 0, Index classes = 10)
      : fc2(this->add("fc2", nn::Linear<T>(128, classes))),
        dropout(this->add("dropout", nn::Dropout<T>(dropout_rate))) {}

  /// Images [N, 28, 28, 1] to logits [N, classes].
  Variable<T> forward(Variable<T> x) override { return after_conv1(conv1(std::move(x))); }

  /// As LeNet's.
  Variable<T> after_conv1(Variable<T> x) {
    x = max_pool2d(relu(bn1(std::move(x))), 2);  // [N, 12, 12, 16]
    x = max_pool2d(relu(bn2(conv2(std::move(x)))), 2);  // [N, 4, 4, 32]
    return fc2(dropout(relu(fc1(flatten(std::move(x))))));
  }

  nn::Conv2d<T>& conv1 = this->add("conv1", nn::Conv2d<T>(1, 16, 5));
  nn::BatchNorm2d<T>& bn1 = this->add("bn1", nn::BatchNorm2d<T>(16));
  nn::Conv2d<T>& conv2 = this->add("conv2", nn::Conv2d<T>(16, 32, 5));
  nn::BatchNorm2d<T>& bn2 = this->add("bn2", nn::BatchNorm2d<T>(32));
  nn::Flatten<T>& flatten = this->add("flatten", nn::Flatten<T>(nn::FlattenOrder::channels_first));
  nn::Linear<T>& fc1 = this->add("fc1", nn::Linear<T>(4 * 4 * 32, 128));
  nn::Linear<T>& fc2;
  nn::Dropout<T>& dropout;
};

/// LeNet-5 with average pooling (LeCun et al., "Gradient-based learning applied to document
/// recognition", 1998), as it is usually built today: every map of the second convolution sees all
/// of the first's, pooling has no weights, and the output is linear. 61,706 parameters.
template <class T = float>
class LeNet5 : public nn::Module<T> {
 public:
  explicit LeNet5(Index classes = 10) : fc3(this->add("fc3", nn::Linear<T>(84, classes))) {}

  /// Images [N, 28, 28, 1] to logits [N, classes].
  Variable<T> forward(Variable<T> x) override { return after_conv1(conv1(std::move(x))); }

  /// As LeNet's.
  Variable<T> after_conv1(Variable<T> x) {
    x = avg_pool2d(tanh(std::move(x)), 2);  // [N, 14, 14, 6]
    x = avg_pool2d(tanh(conv2(std::move(x))), 2);  // [N, 5, 5, 16]
    return fc3(tanh(fc2(tanh(fc1(flatten(std::move(x)))))));
  }

  nn::Conv2d<T>& conv1 = this->add("conv1", nn::Conv2d<T>(1, 6, 5, {.padding = 2}));
  nn::Conv2d<T>& conv2 = this->add("conv2", nn::Conv2d<T>(6, 16, 5));
  nn::Flatten<T>& flatten = this->add("flatten", nn::Flatten<T>(nn::FlattenOrder::channels_first));
  nn::Linear<T>& fc1 = this->add("fc1", nn::Linear<T>(5 * 5 * 16, 120));
  nn::Linear<T>& fc2 = this->add("fc2", nn::Linear<T>(120, 84));
  nn::Linear<T>& fc3;
};

}  // namespace xgrad::models
