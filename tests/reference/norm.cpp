#include <xgrad/ops/argument_samples.hpp>

#include <cmath>

#include "reference.hpp"

namespace reference {
namespace {

Tensor<double> normalize(const Sample& sample, const xgrad::BatchNormOptions& options,
                         const xgrad::BatchNormStats<double>& stats) {
  const Tensor<double>&x = sample.inputs[0], &gamma = sample.inputs[1], &beta = sample.inputs[2];
  const Index channels = x.shape(-1), rows = x.size() / channels;
  Tensor<double> y(x.shape());
  for (Index c = 0; c < channels; ++c) {
    double mean = std::as_const(stats.running_mean).data()[c];
    double var = std::as_const(stats.running_var).data()[c];
    if (options.training) {
      mean = var = 0;
      for (Index r = 0; r < rows; ++r) mean += x.data()[r * channels + c] / double(rows);
      for (Index r = 0; r < rows; ++r)
        var += std::pow(x.data()[r * channels + c] - mean, 2) / double(rows);
    }
    for (Index r = 0; r < rows; ++r)
      y.data()[r * channels + c] = (gamma.defined() ? gamma.data()[c] : 1) *
                                       (x.data()[r * channels + c] - mean) /
                                       std::sqrt(var + options.eps) +
                                   (beta.defined() ? beta.data()[c] : 0);
  }
  return y;
}

Tensor<double> batch_norm(const Sample& sample) {
  const auto& [options, before] =
      std::any_cast<const xgrad::samples::BatchNormCase&>(sample.options);
  return normalize(sample, options, before);
}

Tensor<double> batch_norm_max_pool(const Sample& sample) {
  const auto& [options, before] =
      std::any_cast<const xgrad::samples::NormPoolCase&>(sample.options);
  Sample normalized;
  normalized.inputs = {normalize(sample, options.norm, before)};
  normalized.options = options.pool;
  return table().at("max_pool2d")(normalized);
}

}  // namespace

Table norm() {
  return {
      {"batch_norm", batch_norm},
      {"batch_norm_max_pool2d", batch_norm_max_pool},
  };
}

}  // namespace reference
