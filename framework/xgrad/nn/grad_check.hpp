#pragma once
// Gradient checks of layers and whole models.

#include <functional>

#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// Checks a module as a function of its input and of all its parameters, which the report names "x"
/// and by path; see xgrad::grad_check. The module is checked as it stands, in training or in
/// evaluation; its buffers are put back before every call, so that running statistics and the like
/// do not make two calls differ, and it is left as it was.
GradCheckReport grad_check(Module<double>& module, const Tensor<double>& x,
                           const GradCheckOptions& options = {});

/// Checks whatever `f` computes with the module (a loss, a run through time) as a function of all
/// its parameters:
///
///     grad_check(net, [&] { return cross_entropy(net(images), labels); });
GradCheckReport grad_check(Module<double>& module, const std::function<Variable<double>()>& f,
                           const GradCheckOptions& options = {});

}  // namespace xgrad::nn
