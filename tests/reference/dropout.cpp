#include <xgrad/core/random.hpp>
#include <xgrad/ops/argument_samples.hpp>

#include "reference.hpp"

namespace reference {
namespace {

// One draw of 32 bits per element, in order, from the samples' stream.
Tensor<double> dropout(const Sample& sample) {
  const auto [p, training] = std::any_cast<xgrad::samples::DropoutArguments>(sample.options);
  Tensor<double> y = sample.inputs[0].clone();
  if (!training) return y;
  xgrad::RandomStream random(7, "dropout sample");
  for (double& value : y.values()) value = random.next() < p * 0x1p32 ? 0 : value / (1 - p);
  return y;
}

}  // namespace

Table dropout() { return {{"dropout", dropout}}; }

}  // namespace reference
