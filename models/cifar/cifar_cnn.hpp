#pragma once
// A small convolutional network for 32x32 colour images, such as CIFAR-10. Parameters have
// PyTorch's names and layouts in state_dict(): weights interchange.

#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/pool.hpp>

namespace xgrad::models {

/// Three stages of 32, 64 and 128 channels, each of two 3x3 convolutions with batch norm and relu,
/// and max-pooling; then the mean over what is left of the image, and a linear layer, with dropout
/// before it. The convolutions have no bias: batch norm would take it away again. 288,746
/// parameters.
template <class T = float>
class CifarCnn : public nn::Module<T> {
 public:
  explicit CifarCnn(double dropout_rate = 0, Index classes = 10)
      : dropout(this->add("dropout", nn::Dropout<T>(dropout_rate))),
        fc(this->add("fc", nn::Linear<T>(128, classes))) {}

  /// Images [N, 32, 32, 3] to logits [N, classes].
  Variable<T> forward(Variable<T> x) override { return after_conv1(conv1(std::move(x))); }

  /// The rest of the way, for those who want to see what passes between.
  Variable<T> after_conv1(Variable<T> x) {
    x = relu(bn1(std::move(x)));                        // [N, 32, 32, 32]
    x = max_pool2d(relu(bn2(conv2(std::move(x)))), 2);  // [N, 16, 16, 32]
    x = relu(bn3(conv3(std::move(x))));                 // [N, 16, 16, 64]
    x = max_pool2d(relu(bn4(conv4(std::move(x)))), 2);  // [N, 8, 8, 64]
    x = relu(bn5(conv5(std::move(x))));                 // [N, 8, 8, 128]
    x = max_pool2d(relu(bn6(conv6(std::move(x)))), 2);  // [N, 4, 4, 128]
    return fc(dropout(global_avg_pool2d(std::move(x))));
  }

 private:
  nn::Conv2d<T>& add_conv(const char* name, Index in, Index out) {
    constexpr bool with_bias = false;
    return this->add(name, nn::Conv2d<T>(in, out, 3, {.padding = 1}, with_bias));
  }
  nn::BatchNorm2d<T>& add_norm(const char* name, Index channels) {
    return this->add(name, nn::BatchNorm2d<T>(channels));
  }

 public:
  nn::Conv2d<T>& conv1 = add_conv("conv1", 3, 32);
  nn::BatchNorm2d<T>& bn1 = add_norm("bn1", 32);
  nn::Conv2d<T>& conv2 = add_conv("conv2", 32, 32);
  nn::BatchNorm2d<T>& bn2 = add_norm("bn2", 32);
  nn::Conv2d<T>& conv3 = add_conv("conv3", 32, 64);
  nn::BatchNorm2d<T>& bn3 = add_norm("bn3", 64);
  nn::Conv2d<T>& conv4 = add_conv("conv4", 64, 64);
  nn::BatchNorm2d<T>& bn4 = add_norm("bn4", 64);
  nn::Conv2d<T>& conv5 = add_conv("conv5", 64, 128);
  nn::BatchNorm2d<T>& bn5 = add_norm("bn5", 128);
  nn::Conv2d<T>& conv6 = add_conv("conv6", 128, 128);
  nn::BatchNorm2d<T>& bn6 = add_norm("bn6", 128);
  nn::Dropout<T>& dropout;
  nn::Linear<T>& fc;
};

}  // namespace xgrad::models
