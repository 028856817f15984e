#include <xgrad/core/error.hpp>
#include <xgrad/nn/check.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/init.hpp>

#include <fmt/format.h>

namespace xgrad::nn {
namespace {

// Channels that one output sees.
Index channels_per_group(const char* layer, Index in, Index out, Index groups) {
  check_at_least_one(layer, "in_channels", in);
  check_at_least_one(layer, "out_channels", out);
  check_at_least_one(layer, "groups", groups);
  if (in % groups != 0 || out % groups != 0)
    throw ValueError(
        fmt::format("{}: groups = {} must divide in_channels = {} and out_channels = {}", layer,
                    groups, in, out));
  return in / groups;
}

Shape weight_shape(Index in, Index out, Size2d kernel, Index groups) {
  check_at_least_one("Conv2d", "the kernel's height", kernel.h);
  check_at_least_one("Conv2d", "the kernel's width", kernel.w);
  return {out, kernel.h, kernel.w, channels_per_group("Conv2d", in, out, groups)};
}

Shape weight_shape(Index in, Index out, Index kernel, Index groups) {
  check_at_least_one("Conv1d", "kernel_size", kernel);
  return {out, kernel, channels_per_group("Conv1d", in, out, groups)};
}

template <class T>
Tensor<T> initial_weight(const Shape& shape) {
  return init::layer_default<T>(shape, init::fans_of(shape).in);
}

template <class T>
Tensor<T> initial_bias(const Variable<T>& weight) {
  return init::layer_default<T>({weight.shape(0)}, init::fans_of(weight.shape()).in);
}

}  // namespace

template <class T>
Conv2d<T>::Conv2d(Index in_channels, Index out_channels, Size2d kernel_size, Conv2dOptions options,
                  bool with_bias)
    : weight(this->parameter(
          "weight",
          initial_weight<T>(weight_shape(in_channels, out_channels, kernel_size, options.groups)),
          FileLayout::channels_first)),
      bias(with_bias ? this->parameter("bias", initial_bias(weight)) : Variable<T>()),
      options_(options) {}

template <class T>
Variable<T> Conv2d<T>::forward(Variable<T> x) {
  return conv2d(x, weight, bias, options_);
}

template <class T>
Conv1d<T>::Conv1d(Index in_channels, Index out_channels, Index kernel_size, Conv1dOptions options,
                  bool with_bias)
    : weight(this->parameter(
          "weight",
          initial_weight<T>(weight_shape(in_channels, out_channels, kernel_size, options.groups)),
          FileLayout::channels_first)),
      bias(with_bias ? this->parameter("bias", initial_bias(weight)) : Variable<T>()),
      options_(options) {}

template <class T>
Variable<T> Conv1d<T>::forward(Variable<T> x) {
  return conv1d(x, weight, bias, options_);
}

template class Conv2d<float>;
template class Conv2d<double>;
template class Conv1d<float>;
template class Conv1d<double>;

}  // namespace xgrad::nn
