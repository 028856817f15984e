#pragma once
// What both trainings write into metrics.jsonl.

#include <limits>

#include <nlohmann/json.hpp>

#include <xgrad/nn/module.hpp>
#include <xgrad/optim/clip.hpp>

namespace xgrad::command {

/// Whether a step is worth a line: a hundred per epoch, evenly, and the first ten.
inline bool is_logged(Index step, Index steps_per_epoch) {
  constexpr Index per_epoch = 100, first = 10;
  return step <= first || step * per_epoch / steps_per_epoch !=
                              (step - 1) * per_epoch / steps_per_epoch;
}

/// The norm of each parameter's gradient, by its path.
inline nlohmann::ordered_json gradient_norms(const nn::Module<float>& model) {
  auto norms = nlohmann::ordered_json::object();
  for (const auto& [path, parameter] : model.named_parameters())
    if (parameter.grad().defined())
      norms[path] =
          optim::clip_grad_norm<float>({parameter}, std::numeric_limits<double>::infinity());
  return norms;
}

}  // namespace xgrad::command
