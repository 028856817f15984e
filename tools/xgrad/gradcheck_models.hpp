#pragma once
// The models whose gradients `xgrad gradcheck --model` checks, from the loss to every parameter.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/xgrad/gradcheck_result.hpp"

namespace xgrad::command {

/// The largest relative error that a correct gradient can have: steps are short enough not to cross
/// the switches of max-pooling, and so rounding is larger than in ops.
inline constexpr double model_gradient_error_bound = 1e-6;

struct ModelToCheck {
  std::string name;     ///< "lenet"
  std::string formula;  ///< what is differentiated, for people
  /// In double precision and training mode, with initial weights and data drawn from `seed`.
  std::function<GradCheckReport(std::uint64_t seed)> check;
};

const std::vector<ModelToCheck>& models_to_check();

}  // namespace xgrad::command
