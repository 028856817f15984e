#pragma once

#include <optional>
#include <span>

#include <xgrad/autograd/grad_check.hpp>

namespace xgrad {

/// The order of convergence that errors of central differences show, from long steps to short; see
/// GradCheckReport::order.
std::optional<double> observed_order(std::span<const GradCheckStep> sweep);

}  // namespace xgrad
