#include <xgrad/ops/run_sample.hpp>
#include <xgrad/ops/sample_drift.hpp>

#include <algorithm>
#include <cmath>

namespace xgrad {
namespace {

double deviation(const Tensor<float>& in32, const Tensor<double>& in64) {
  double worst = 0, scale = 0;
  for (Index i = 0; i < in64.size(); ++i) {
    const double a = static_cast<double>(in32.data()[i]), b = in64.data()[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) {
      if (std::isfinite(b)) scale = std::max(scale, std::abs(b));
      continue;
    }
    if (!std::isfinite(a) || !std::isfinite(b)) return INFINITY;
    scale = std::max(scale, std::abs(b));
    worst = std::max(worst, std::abs(a - b));
  }
  return worst == 0 ? 0 : worst / scale;
}

}  // namespace

SampleDrift sample_drift(const Sample& sample, std::uint64_t seed) {
  const auto in32 = run_sample<float>(sample, seed);
  const auto in64 = run_sample<double>(rounded_to_float32(sample), seed);
  SampleDrift drift{.output = deviation(in32.output, in64.output)};
  for (std::size_t i = 0; i < in32.gradients.size(); ++i)
    if (in32.gradients[i].defined())
      drift.gradient = std::max(drift.gradient, deviation(in32.gradients[i], in64.gradients[i]));
  return drift;
}

}  // namespace xgrad
