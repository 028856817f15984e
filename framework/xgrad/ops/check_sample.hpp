#pragma once
// The gradient check of a sample, as `xgrad gradcheck` and the tests do it.

#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/ops/registry.hpp>

namespace xgrad {

/// Checks the gradients of all inputs of a sample of `entry` that have elements; where none has,
/// `elements` of the report is 0. `worst.input` of the report counts as
/// OpInfo::inputs does, absent inputs included. `seed` is that of the random cotangent.
GradCheckReport check_sample(const OpEntry& entry, const Sample& sample, std::uint64_t seed = 0);

/// The largest relative error that a correct gradient can have in check_sample.
double gradient_error_bound(const OpEntry& entry);

}  // namespace xgrad
