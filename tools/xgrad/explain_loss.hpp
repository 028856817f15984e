#pragma once

#include <cmath>
#include <functional>

#include <fmt/format.h>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::command {

/// Throws NumericError for a loss that is no finite number, naming the step and what was the first
/// not to be finite: a weight after the step before, or an op. `forward` computes the loss again.
[[noreturn]] inline void explain_loss(const nn::Module<float>& model, Index step, float loss,
                                      const std::function<void()>& forward) {
  std::string cause = "none, when the step was computed again";
  for (const auto& [name, parameter] : model.named_parameters())
    for (const float value : parameter.value().values())
      if (!std::isfinite(value))
        throw NumericError(
            fmt::format("training stopped at step {}: the loss is {}, since the "
                        "optimizer's step before made {} {}: try a smaller --lr",
                        step, loss, name, value));
  try {
    const DetectAnomaly detect;
    forward();
  } catch (const NumericError& error) {
    cause = error.what();
  }
  throw NumericError(
      fmt::format("training stopped at step {}: the loss is {}; the first op that "
                  "computed no finite number: {}: try a smaller --lr",
                  step, loss, cause));
}

}  // namespace xgrad::command
