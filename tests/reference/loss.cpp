#include <xgrad/ops/argument_samples.hpp>

#include <algorithm>
#include <cmath>

#include "reference.hpp"

namespace reference {
namespace {

using xgrad::Reduction;
using xgrad::samples::LabelCase;
using Labels = std::vector<std::int32_t>;

// log(exp(a) + exp(b)), which overflows nowhere.
double log_add(double a, double b) {
  return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

// log(exp(x_i) / sum(exp(x_k))) as -log(sum(exp(x_k - x_i))), term by term, without the maximum of
// all.
Tensor<double> log_softmax_along(const Tensor<double>& x, int axis) {
  const int a = x.shape().normalize_axis(axis);
  const Index n = x.shape(a);
  Index inner = 1;
  for (int k = a + 1; k < x.shape().rank(); ++k) inner *= x.shape(k);
  Tensor<double> y(x.shape());
  for (Index i = 0; i < x.size(); ++i) {
    const Index first = i / (n * inner) * n * inner + i % inner;
    double log_sum = 0;  // of the term k with x_k = x_i
    for (Index k = 0; k < n; ++k)
      if (first + k * inner != i)
        log_sum = log_add(log_sum, x.data()[first + k * inner] - x.data()[i]);
    y.data()[i] = -log_sum;
  }
  return y;
}

Tensor<double> log_softmax(const Sample& sample) {
  return log_softmax_along(sample.inputs[0],
                           std::any_cast<xgrad::samples::SoftmaxArguments>(sample.options).axis);
}

Tensor<double> softmax(const Sample& sample) {
  Tensor<double> y = log_softmax(sample);
  for (double& value : y.values()) value = std::exp(value);
  return y;
}

Tensor<double> reduce(const Tensor<double>& losses, Reduction reduction, Index count) {
  if (reduction == Reduction::none) return losses;
  double sum = 0;
  for (const double loss : losses.values()) sum += loss;
  return Tensor<double>::full({}, reduction == Reduction::mean ? sum / double(count) : sum);
}

Tensor<double> label_loss(const Tensor<double>& log_probs, const Labels& labels,
                          std::int32_t ignore_index, double smoothing, Reduction reduction) {
  const Index classes = log_probs.shape(-1);
  Tensor<double> losses(log_probs.shape().without(-1));
  Index counted = 0;
  for (Index r = 0; r < losses.size(); ++r) {
    const std::int32_t label = labels[static_cast<std::size_t>(r)];
    if (label == ignore_index) continue;
    ++counted;
    for (Index c = 0; c < classes; ++c) {
      const double q = (c == label ? 1 - smoothing : 0) + smoothing / double(classes);
      losses.data()[r] -= q * log_probs.data()[r * classes + c];
    }
  }
  return reduce(losses, reduction, counted);
}

Tensor<double> cross_entropy(const Sample& sample) {
  const auto& [options, labels] =
      std::any_cast<const LabelCase<xgrad::CrossEntropyOptions>&>(sample.options);
  return label_loss(log_softmax_along(sample.inputs[0], -1), labels, options.ignore_index,
                    options.label_smoothing, options.reduction);
}

Tensor<double> nll_loss(const Sample& sample) {
  const auto& [options, labels] =
      std::any_cast<const LabelCase<xgrad::NllLossOptions>&>(sample.options);
  return label_loss(sample.inputs[0], labels, options.ignore_index, 0, options.reduction);
}

Tensor<double> mse_loss(const Sample& sample) {
  const Tensor<double>&p = sample.inputs[0], &t = sample.inputs[1];
  Tensor<double> losses(p.shape());
  for (Index i = 0; i < p.size(); ++i) losses.data()[i] = std::pow(p.data()[i] - t.data()[i], 2);
  return reduce(losses, std::any_cast<xgrad::samples::MseLossArguments>(sample.options).reduction,
                p.size());
}

}  // namespace

Table loss() {
  return {
      {"softmax", softmax},   {"log_softmax", log_softmax}, {"cross_entropy", cross_entropy},
      {"nll_loss", nll_loss}, {"mse_loss", mse_loss},
  };
}

}  // namespace reference
