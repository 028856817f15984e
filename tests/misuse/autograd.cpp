#include <cmath>

#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/ops/arithmetic.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad;

Misuse check_with(const char* what, const GradCheckOptions& options,
                  std::vector<std::string> names) {
  names.push_back("grad_check");
  const auto run = [=] {
    grad_check([](const auto& in) { return in[0] * in[0]; },
               {Variable<double>(Tensor<double>::full({2}, 1))}, options);
  };
  return {what, run, Kind::value, std::move(names)};
}

// Of a product of two inputs, one of them empty.
std::function<void()> checks_empty(bool requires_grad) {
  return [=] {
    const Variable<double> full(Tensor<double>(Shape{1, 2}), requires_grad),
        empty(Tensor<double>(Shape{0, 2}), requires_grad);
    grad_check([](const auto& in) { return in[0] * in[1]; }, {full, empty});
  };
}

}  // namespace

std::vector<Misuse> autograd() {
  return {
      {"grad_check: no inputs",
       [] { grad_check([](const auto&) { return Variable<double>(); }, {}); },
       Kind::value,
       {"grad_check", "no inputs"}},
      {"grad_check: an input without elements",
       checks_empty(false),
       Kind::value,
       {"grad_check", "input 1", "no elements"}},
      {"grad_check: an input without elements requires a gradient",
       checks_empty(true),
       Kind::value,
       {"grad_check", "input 1", "no elements"}},
      check_with("grad_check: eps of zero", {.eps = 0}, {"eps = 0", "positive"}),
      check_with("grad_check: negative eps", {.eps = -1e-6}, {"eps = -1e-06"}),
      check_with("grad_check: eps is NaN", {.eps = NAN}, {"eps = nan"}),
      check_with("grad_check: negative atol", {.atol = -1}, {"atol = -1", "zero or more"}),
      check_with("grad_check: rtol is NaN", {.rtol = NAN}, {"rtol = nan"}),
      {"backward of an undefined variable",
       [=] { Variable<float>().backward(); },
       Kind::value,
       {"backward", "undefined variable"}},
      {"backward of an undefined variable, with a cotangent",
       [=] { Variable<float>().backward(Tensor<float>(Shape{0})); },
       Kind::value,
       {"backward", "undefined variable"}},
      {"item of an undefined variable",
       [=] { Variable<float>().item(); },
       Kind::value,
       {"item", "undefined variable"}},
  };
}

}  // namespace misuse
