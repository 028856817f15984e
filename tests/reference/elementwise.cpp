#include <algorithm>
#include <cmath>

#include <xgrad/ops/argument_samples.hpp>

#include "reference.hpp"

namespace reference {
namespace {

template <double (*f)(double)>
Tensor<double> unary(const Sample& sample) {
  Tensor<double> y = sample.inputs[0].clone();
  for (double& value : y.values()) value = f(value);
  return y;
}

double relu(double x) { return x < 0 ? 0 : x; }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double neg(double x) { return -x; }

// With the number s of the options.
template <double (*f)(double, double)>
Tensor<double> with_number(const Sample& sample) {
  Tensor<double> y = sample.inputs[0].clone();
  const double s = std::any_cast<xgrad::samples::NumberArgument>(sample.options).number;
  for (double& value : y.values()) value = f(value, s);
  return y;
}

double add(double a, double b) { return a + b; }
double sub(double a, double b) { return a - b; }
double mul(double a, double b) { return a * b; }
double div(double a, double b) { return a / b; }
double rsub(double a, double b) { return b - a; }
double rdiv(double a, double b) { return b / a; }

// The element of x at the last indices of `index`, or at 0 along axes of extent 1.
double broadcast_at(const Tensor<double>& x, const std::vector<Index>& index) {
  Index flat = 0;
  const std::size_t rank = x.shape().size();
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const Index extent = x.shape().begin()[axis];
    flat = flat * extent + (extent == 1 ? 0 : index[index.size() - rank + axis]);
  }
  return x.data()[flat];
}

template <double (*f)(double, double)>
Tensor<double> binary(const Sample& sample) {
  const Tensor<double>& a = sample.inputs[0];
  const Tensor<double>& b = sample.inputs.size() == 1 ? a : sample.inputs[1];
  std::vector<Index> extents(std::max(a.shape().size(), b.shape().size()), 1);
  for (const Tensor<double>* x : {&a, &b})
    for (std::size_t i = 1; i <= x->shape().size(); ++i) {
      const Index extent = x->shape().end()[-static_cast<Index>(i)];
      if (extent != 1) extents[extents.size() - i] = extent;
    }
  Tensor<double> y(Shape{std::span<const Index>(extents)});
  std::vector<Index> index(extents.size());
  for (Index i = 0; i < y.size(); ++i) {
    Index rest = i;
    for (std::size_t axis = extents.size(); axis-- > 0; rest /= extents[axis])
      index[axis] = rest % extents[axis];
    y.data()[i] = f(broadcast_at(a, index), broadcast_at(b, index));
  }
  return y;
}

}  // namespace

Table elementwise() {
  return {
      {"tanh", unary<std::tanh>},
      {"relu", unary<relu>},
      {"sigmoid", unary<sigmoid>},
      {"exp", unary<std::exp>},
      {"log", unary<std::log>},
      {"sqrt", unary<std::sqrt>},
      {"neg", unary<neg>},
      {"pow", with_number<std::pow>},
      {"add", binary<add>},
      {"sub", binary<sub>},
      {"mul", binary<mul>},
      {"div", binary<div>},
      {"add_scalar", with_number<add>},
      {"rsub_scalar", with_number<rsub>},
      {"mul_scalar", with_number<mul>},
      {"div_scalar", with_number<div>},
      {"rdiv_scalar", with_number<rdiv>},
  };
}

}  // namespace reference
