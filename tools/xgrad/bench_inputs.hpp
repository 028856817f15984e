#pragma once
// Weights and data of the workloads, as tools/bench/libtorch_peer has them too.

#include <string>

#include <xgrad/nn/module.hpp>

#include "tools/bench/inputs.hpp"

namespace xgrad::command {

/// Gives all parameters the values that go with their names.
inline void fill_parameters(nn::Module<float>& model) {
  auto state = model.state_dict();
  for (const auto& [name, parameter] : model.named_parameters()) {
    Tensor<float>& tensor = state.at(name);
    bench::fill_parameter(name, tensor.shape().rank(), tensor.shape(0), tensor.size(),
                          tensor.data());
  }
  model.load_state_dict(state);
}

inline Tensor<float> input(const char* name, const Shape& shape) {
  Tensor<float> result = Tensor<float>::empty(shape);
  std::size_t i = 0;
  for (float& value : result.values()) value = bench::uniform(name, i++);
  return result;
}

}  // namespace xgrad::command
