#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/nn/init.hpp>

#include <fmt/format.h>

#include <cmath>

namespace xgrad::nn::init {
namespace {

double kaiming_stddev(const Shape& shape, const KaimingOptions& options) {
  const Fans fans = fans_of(shape);
  return gain(options.nonlinearity, options.a) /
         std::sqrt(static_cast<double>(options.mode == FanMode::in ? fans.in : fans.out));
}

double xavier_stddev(const Shape& shape, double factor) {
  const Fans fans = fans_of(shape);
  return factor * std::sqrt(2.0 / static_cast<double>(fans.in + fans.out));
}

// A uniform distribution over ±bound has standard deviation bound / sqrt 3.
template <class T>
void uniform_of_stddev(Tensor<T> tensor, double stddev) {
  const double bound = std::sqrt(3.0) * stddev;
  uniform(std::move(tensor), -bound, bound);
}

}  // namespace

Fans fans_of(const Shape& weight) {
  if (weight.rank() < 2)
    throw ShapeError(
        fmt::format("init: a tensor of shape {} has no fan in and out: give a weight of "
                    "at least two axes, or use uniform or normal",
                    weight.to_string()));
  return {weight.without(0).elements(), weight.without(-1).elements()};
}

double gain(Nonlinearity nonlinearity, double a) {
  switch (nonlinearity) {
    case Nonlinearity::tanh:
      return 5.0 / 3.0;
    case Nonlinearity::relu:
      return std::sqrt(2.0);
    case Nonlinearity::leaky_relu:
      return std::sqrt(2.0 / (1 + a * a));
    case Nonlinearity::linear:
    case Nonlinearity::sigmoid:
      break;
  }
  return 1;
}

template <class T>
void constant(Tensor<T> tensor, double value) {
  tensor.fill(static_cast<T>(value));
}

template <class T>
void uniform(Tensor<T> tensor, double low, double high) {
  RandomStream& random = random_stream(RandomPurpose::initialization);
  for (T& value : tensor.values()) value = static_cast<T>(random.uniform(low, high));
}

template <class T>
void normal(Tensor<T> tensor, double mean, double stddev) {
  RandomStream& random = random_stream(RandomPurpose::initialization);
  for (T& value : tensor.values()) value = static_cast<T>(mean + stddev * random.normal());
}

template <class T>
void kaiming_uniform(Tensor<T> weight, KaimingOptions options) {
  const double stddev = kaiming_stddev(weight.shape(), options);
  uniform_of_stddev(std::move(weight), stddev);
}

template <class T>
void kaiming_normal(Tensor<T> weight, KaimingOptions options) {
  const double stddev = kaiming_stddev(weight.shape(), options);
  normal(std::move(weight), 0, stddev);
}

template <class T>
void xavier_uniform(Tensor<T> weight, double factor) {
  const double stddev = xavier_stddev(weight.shape(), factor);
  uniform_of_stddev(std::move(weight), stddev);
}

template <class T>
void xavier_normal(Tensor<T> weight, double factor) {
  const double stddev = xavier_stddev(weight.shape(), factor);
  normal(std::move(weight), 0, stddev);
}

template <class T>
Tensor<T> layer_default(const Shape& shape, Index fan_in) {
  Tensor<T> tensor = Tensor<T>::empty(shape);
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  uniform(tensor, -bound, bound);
  return tensor;
}

#define XGRAD_INSTANTIATE(T)                                \
  template void constant(Tensor<T>, double);                \
  template void uniform(Tensor<T>, double, double);         \
  template void normal(Tensor<T>, double, double);          \
  template void kaiming_uniform(Tensor<T>, KaimingOptions); \
  template void kaiming_normal(Tensor<T>, KaimingOptions);  \
  template void xavier_uniform(Tensor<T>, double);          \
  template void xavier_normal(Tensor<T>, double);           \
  template Tensor<T> layer_default(const Shape&, Index);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::nn::init
