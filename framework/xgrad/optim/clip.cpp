#include <xgrad/autograd/op_listener.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/optimizer.hpp>
#include <xgrad/optim/clip.hpp>

#include <fmt/format.h>

#include <cmath>

namespace xgrad::optim {
namespace {

void check_bound(const char* function, const char* bound, double value) {
  if (!(value >= 0))
    throw ValueError(
        fmt::format("{}: {} is {}: give a number of at least 0", function, bound, value));
}

}  // namespace

template <class T>
double clip_grad_norm(const std::vector<Variable<T>>& parameters, double max_norm) {
  check_bound("clip_grad_norm", "max_norm", max_norm);
  const ActiveOp active("clip_grad_norm");
  const ReportOp report("clip_grad_norm", OpPass::update);
  double sum = 0;
  for (const Variable<T>& parameter : parameters)
    if (const Tensor<T> gradient = parameter.grad(); gradient.defined())
      sum += kernels::sum_of_squares(gradient);
  const double norm = std::sqrt(sum);
  const double factor = max_norm / (norm + 1e-6);
  if (factor >= 1) return norm;
  for (const Variable<T>& parameter : parameters)
    if (Tensor<T> gradient = parameter.grad(); gradient.defined())
      kernels::scale_in_place(gradient, static_cast<T>(factor));
  return norm;
}

template <class T>
void clip_grad_value(const std::vector<Variable<T>>& parameters, double max_value) {
  check_bound("clip_grad_value", "max_value", max_value);
  const ActiveOp active("clip_grad_value");
  const ReportOp report("clip_grad_value", OpPass::update);
  for (const Variable<T>& parameter : parameters)
    if (Tensor<T> gradient = parameter.grad(); gradient.defined())
      kernels::clamp_in_place(gradient, static_cast<T>(max_value));
}

#define XGRAD_INSTANTIATE(T)                                               \
  template double clip_grad_norm(const std::vector<Variable<T>>&, double); \
  template void clip_grad_value(const std::vector<Variable<T>>&, double);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::optim
