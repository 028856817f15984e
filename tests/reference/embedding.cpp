#include <xgrad/ops/argument_samples.hpp>

#include "reference.hpp"

namespace reference {
namespace {

Tensor<double> embedding(const Sample& sample) {
  const auto& [ids, ids_shape] =
      std::any_cast<const xgrad::samples::EmbeddingArguments&>(sample.options);
  const Tensor<double>& weight = sample.inputs[0];
  std::vector<Index> extents(ids_shape.begin(), ids_shape.end());
  extents.push_back(weight.shape(1));
  Tensor<double> y{Shape(std::span<const Index>(extents))};
  double* to = y.data();
  for (const std::int32_t id : ids)
    for (Index e = 0; e < weight.shape(1); ++e) *to++ = weight[id].data()[e];
  return y;
}

}  // namespace

Table embedding() {
  return {
      {"embedding", embedding},
  };
}

}  // namespace reference
