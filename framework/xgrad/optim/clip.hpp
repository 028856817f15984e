#pragma once

#include <vector>

#include <xgrad/autograd/variable.hpp>

namespace xgrad::optim {

/// Scales the gradients in place so that their norm, taken over all of them as one vector, is at
/// most `max_norm`, and returns the norm that they had: g *= max_norm / (norm + 1e-6) where that is
/// below 1, as in PyTorch. The norm is added up in double, in an order that does not depend on the
/// number of threads. Parameters without a gradient are passed over.
///
/// A norm that is not finite is returned as it is, and the gradients become what PyTorch makes of
/// them: all NaN for a NaN; for an infinity NaN where the gradient is infinite, and 0 elsewhere. So
/// check the returned norm where a step should rather be left out.
///
/// Throws ValueError for a max_norm that is negative or NaN.
template <class T>
double clip_grad_norm(const std::vector<Variable<T>>& parameters, double max_norm);

/// Limits every element of the gradients to [-max_value, max_value], in place; NaN stays NaN.
/// Throws ValueError for a max_value that is negative or NaN.
template <class T>
void clip_grad_value(const std::vector<Variable<T>>& parameters, double max_value);

}  // namespace xgrad::optim
