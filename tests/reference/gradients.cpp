#include <cmath>

#include <xgrad/ops/argument_samples.hpp>
#include <xgrad/ops/pool.hpp>

#include "reference.hpp"

namespace reference {
namespace {

using Tensors = std::vector<Tensor<double>>;

// dx = dy f'(x), f' in closed form from x.
template <double (*derivative)(double)>
Tensors unary(const Sample& sample, const Tensor<double>& dy) {
  Tensor<double> dx = dy.clone();
  for (Index i = 0; i < dx.size(); ++i) dx.data()[i] *= derivative(sample.inputs[0].data()[i]);
  return {dx};
}

double of_tanh(double x) { return 1 / std::pow(std::cosh(x), 2); }
double of_relu(double x) { return x > 0 ? 1 : 0; }
double of_sigmoid(double x) {
  return std::exp(-std::abs(x)) / std::pow(1 + std::exp(-std::abs(x)), 2);
}
double of_log(double x) { return 1 / x; }
double of_sqrt(double x) { return 0.5 / std::sqrt(x); }
double of_neg(double) { return -1; }

// With the number s of the options.
template <double (*derivative)(double, double)>
Tensors with_number(const Sample& sample, const Tensor<double>& dy) {
  const double s = std::any_cast<xgrad::samples::NumberArgument>(sample.options).number;
  Tensor<double> dx = dy.clone();
  for (Index i = 0; i < dx.size(); ++i) dx.data()[i] *= derivative(sample.inputs[0].data()[i], s);
  return {dx};
}

double of_pow(double x, double p) { return p == 0 ? 0 : p * std::pow(x, p - 1); }
double plus(double, double) { return 1; }
double minus(double, double) { return -1; }
double of_mul(double, double b) { return b; }
double of_div(double, double b) { return 1 / b; }
double of_rdiv(double x, double s) { return -s / x / x; }

// Of shapes that are equal.
template <double (*left)(double, double), double (*right)(double, double)>
Tensors binary(const Sample& sample, const Tensor<double>& dy) {
  const Tensor<double>&a = sample.inputs[0], &b = sample.inputs[1];
  Tensor<double> da = dy.clone(), db = dy.clone();
  for (Index i = 0; i < dy.size(); ++i) {
    da.data()[i] *= left(a.data()[i], b.data()[i]);
    db.data()[i] *= right(a.data()[i], b.data()[i]);
  }
  return {da, db};
}

double of_mul_right(double a, double) { return a; }
double of_div_right(double a, double b) { return -(a / b) / b; }

// Of a matrix over one axis; f(group, k) is the share of element k of a group.
template <double (*f)(const std::vector<double>&, std::size_t)>
Tensors reduce(const Sample& sample, const Tensor<double>& dy) {
  const Tensor<double>& x = sample.inputs[0];
  const int axis = std::any_cast<xgrad::samples::ReduceArguments>(sample.options).axes[0];
  const Index columns = x.shape(1);
  const auto at = [&](Index group, Index k) {
    return axis == 0 ? k * columns + group : group * columns + k;
  };
  Tensor<double> dx(x.shape());
  for (Index g = 0; g < dy.size(); ++g) {
    std::vector<double> group;
    for (Index k = 0; k < x.shape(axis); ++k) group.push_back(x.data()[at(g, k)]);
    for (std::size_t k = 0; k < group.size(); ++k)
      dx.data()[at(g, static_cast<Index>(k))] = dy.data()[g] * f(group, k);
  }
  return {dx};
}

std::size_t first_maximum(const std::vector<double>& group) {
  std::size_t found = 0;
  for (std::size_t k = 1; k < group.size(); ++k)
    if (group[k] > group[found]) found = k;
  return found;
}

double of_sum(const std::vector<double>&, std::size_t) { return 1; }
double of_mean(const std::vector<double>& group, std::size_t) {
  return 1 / static_cast<double>(group.size());
}
double of_max(const std::vector<double>& group, std::size_t k) {
  return k == first_maximum(group) ? 1 : 0;
}

// Each window's to its first maximum.
Tensors max_pool(const Sample& sample, const Tensor<double>& dy) {
  const auto& [kernel, given, padding] = std::any_cast<const xgrad::PoolOptions&>(sample.options);
  const xgrad::Size2d stride = given.h == 0 ? kernel : given;
  const Tensor<double>& x = sample.inputs[0];
  const Shape& shape = x.shape();
  Tensor<double> dx(shape);
  const double* from = dy.data();
  for (Index n = 0; n < shape[0]; ++n)
    for (Index i = 0; i < dy.shape(1); ++i)
      for (Index j = 0; j < dy.shape(2); ++j)
        for (Index c = 0; c < shape[3]; ++c) {
          Index best = -1;
          for (Index u = 0; u < kernel.h; ++u)
            for (Index v = 0; v < kernel.w; ++v) {
              const Index h = i * stride.h - padding.h + u, w = j * stride.w - padding.w + v;
              if (h < 0 || h >= shape[1] || w < 0 || w >= shape[2]) continue;
              const Index at = ((n * shape[1] + h) * shape[2] + w) * shape[3] + c;
              if (best < 0 || x.data()[at] > x.data()[best]) best = at;
            }
          dx.data()[best] += *from++;
        }
  return {dx};
}

// In training. In long double, since the means are subtracted from what they nearly are.
Tensors batch_norm(const Sample& sample, const Tensor<double>& dy) {
  using Real = long double;
  const auto& options = std::any_cast<const xgrad::samples::BatchNormCase&>(sample.options).options;
  const Tensor<double>&x = sample.inputs[0], &gamma = sample.inputs[1];
  const Index channels = x.shape(-1), rows = x.size() / channels;
  Tensor<double> dx(x.shape()), dgamma(gamma.shape()), dbeta(gamma.shape());
  for (Index c = 0; c < channels; ++c) {
    const auto mean_of = [&](auto value) {
      Real sum = 0;
      for (Index i = c; i < x.size(); i += channels) sum += value(i);
      return sum / static_cast<Real>(rows);
    };
    const Real mean = mean_of([&](Index i) { return Real(x.data()[i]); });
    const Real var = mean_of([&](Index i) { return (x.data()[i] - mean) * (x.data()[i] - mean); });
    const Real inverse = 1 / std::sqrt(var + options.eps);
    const auto xhat = [&](Index i) { return (x.data()[i] - mean) * inverse; };
    const Real mean_dy = mean_of([&](Index i) { return Real(dy.data()[i]); });
    const Real mean_dy_xhat = mean_of([&](Index i) { return dy.data()[i] * xhat(i); });
    for (Index i = c; i < x.size(); i += channels)
      dx.data()[i] = static_cast<double>(gamma.data()[c] * inverse *
                                         (dy.data()[i] - mean_dy - xhat(i) * mean_dy_xhat));
    dgamma.data()[c] = static_cast<double>(mean_dy_xhat * static_cast<Real>(rows));
    dbeta.data()[c] = static_cast<double>(mean_dy * static_cast<Real>(rows));
  }
  return {dx, dgamma, dbeta};
}

}  // namespace

const GradientTable& gradients() {
  static const GradientTable all{
      {"tanh", unary<of_tanh>},
      {"relu", unary<of_relu>},
      {"sigmoid", unary<of_sigmoid>},
      {"exp", unary<std::exp>},
      {"log", unary<of_log>},
      {"sqrt", unary<of_sqrt>},
      {"neg", unary<of_neg>},
      {"pow", with_number<of_pow>},
      {"add", binary<plus, plus>},
      {"sub", binary<plus, minus>},
      {"mul", binary<of_mul, of_mul_right>},
      {"div", binary<of_div, of_div_right>},
      {"add_scalar", with_number<plus>},
      {"rsub_scalar", with_number<minus>},
      {"mul_scalar", with_number<of_mul>},
      {"div_scalar", with_number<of_div>},
      {"rdiv_scalar", with_number<of_rdiv>},
      {"sum", reduce<of_sum>},
      {"mean", reduce<of_mean>},
      {"max", reduce<of_max>},
      {"max_pool2d", max_pool},
      {"batch_norm", batch_norm},
  };
  return all;
}

}  // namespace reference
