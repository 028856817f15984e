#pragma once
// What the workloads of libtorch share: inputs, gradients, autocast.

#include <algorithm>

#include <ATen/autocast_mode.h>
#include <torch/torch.h>

#include "tools/bench/inputs.hpp"
#include "tools/bench/libtorch_peer/peer.hpp"

namespace peer {

namespace F = torch::nn::functional;

inline void fill_parameters(torch::nn::Module& model) {
  const torch::NoGradGuard no_grad;
  for (auto& item : model.named_parameters()) {
    Tensor values = torch::empty(item.value().sizes());
    bench::fill_parameter(item.key(), static_cast<int>(values.dim()), values.size(0),
                          values.numel(), values.data_ptr<float>());
    item.value().copy_(values);
  }
}

inline Tensor input(const char* name, at::IntArrayRef shape) {
  Tensor result = torch::empty(shape);
  const auto values = bench::values(name, result.numel());
  std::copy(values.begin(), values.end(), result.data_ptr<float>());
  return result;
}

inline Tensor classes(const char* name, std::int64_t count, std::int32_t number) {
  const auto values = bench::classes<std::int64_t>(name, count, number);
  return torch::tensor(values, torch::kLong);
}

// This version's zero_grad() has no set_to_none.
inline void forget_gradients(torch::optim::Optimizer& optimizer) {
  if (!options.tuned) return optimizer.zero_grad();
  for (const auto& group : optimizer.param_groups())
    for (const Tensor& parameter : group.params()) parameter.mutable_grad() = Tensor();
}

/// With --bf16, ops that gain by it take bfloat16 while this lives; weights are converted once.
class Autocast {
 public:
  Autocast() {
    at::autocast::set_cpu_enabled(options.bf16);
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  }
  ~Autocast() {
    if (options.bf16) at::autocast::clear_cache();
    at::autocast::set_cpu_enabled(false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;
};

}  // namespace peer
