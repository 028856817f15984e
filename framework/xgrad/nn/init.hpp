#pragma once
// Initial values, written in place: init::kaiming_normal(conv.weight.value(), {.mode =
// FanMode::out}). All are drawn in row-major order from
// random_stream(RandomPurpose::initialization), the same numbers for float and double.

#include <xgrad/core/tensor.hpp>

namespace xgrad::nn::init {

template <class T>
void constant(Tensor<T> tensor, double value);
/// Uniform in [low, high).
template <class T>
void uniform(Tensor<T> tensor, double low, double high);
template <class T>
void normal(Tensor<T> tensor, double mean = 0, double stddev = 1);

/// How many inputs make one output of a weight [out, ..., in], and how many outputs one input goes
/// into: all extents but the first, and all but the last.
struct Fans {
  Index in = 0;
  Index out = 0;
};
/// Throws ShapeError for fewer than two axes.
Fans fans_of(const Shape& weight);

enum class FanMode { in, out };
enum class Nonlinearity { linear, sigmoid, tanh, relu, leaky_relu };

/// PyTorch's calculate_gain: 1, 1, 5/3, sqrt 2, sqrt(2 / (1 + a^2)), where `a` is the slope of the
/// leaky relu.
double gain(Nonlinearity nonlinearity, double a = 0.01);

struct KaimingOptions {
  double a = 0;  ///< the negative slope of leaky_relu
  FanMode mode = FanMode::in;
  Nonlinearity nonlinearity = Nonlinearity::leaky_relu;
};

/// Standard deviation gain / sqrt(fan): He et al., "Delving deep into rectifiers", ICCV 2015.
/// Throws as fans_of does.
template <class T>
void kaiming_uniform(Tensor<T> weight, KaimingOptions options = {});
template <class T>
void kaiming_normal(Tensor<T> weight, KaimingOptions options = {});

/// Standard deviation gain * sqrt(2 / (fan in + fan out)): Glorot and Bengio, AISTATS 2010. Throws
/// as fans_of does.
template <class T>
void xavier_uniform(Tensor<T> weight, double gain = 1);
template <class T>
void xavier_normal(Tensor<T> weight, double gain = 1);

/// The leading axis against all others, as a matrix with orthonormal rows or columns, whichever are
/// fewer, times gain: Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep
/// linear neural networks", ICLR 2014. A recurrent weight of G gates is initialised gate by gate:
/// orthogonal(w.slice(g * H, (g + 1) * H)). Throws as fans_of does.
template <class T>
void orthogonal(Tensor<T> weight, double gain = 1);

/// A new tensor, uniform in ±1/sqrt(fan_in): PyTorch's initial weights and biases of linear and
/// convolution layers, which it writes as kaiming_uniform with a = sqrt 5.
template <class T>
Tensor<T> layer_default(const Shape& shape, Index fan_in);

}  // namespace xgrad::nn::init
