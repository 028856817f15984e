#include <cmath>
#include <memory>

#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>

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

Variable<double> leaf(const Shape& shape) { return {Tensor<double>(shape), true}; }

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
      {"backward of a matrix",
       [] {
         tanh(leaf({2, 3})).backward();
       },
       Kind::graph,
       {"[2, 3]", "cotangent"}},
      {"backward of a constant",
       [] { Variable<double>(Tensor<double>(Shape{1})).backward(); },
       Kind::graph,
       {"requires a gradient"}},
      {"a cotangent of another shape",
       [] {
         tanh(leaf({2, 3})).backward(Tensor<double>(Shape{3, 2}));
       },
       Kind::shape,
       {"[3, 2]", "[2, 3]"}},
      {"a second backward",
       [] {
         const auto y = tanh(leaf({1}));
         y.backward();
         y.backward();
       },
       Kind::graph,
       {"tanh", "retain_graph"}},
      {"a gradient for an undefined tensor",
       [] { Variable<double>(Tensor<double>(), true); },
       Kind::value,
       {"undefined"}},
      {"set_grad of another shape",
       [] { leaf({2}).set_grad(Tensor<double>(Shape{3})); },
       Kind::shape,
       {"[3]", "[2]"}},
      {"a hook on a constant",
       [] {
         Variable<double>(Tensor<double>(Shape{1})).register_hook([](const Tensor<double>& dy) {
           return dy;
         });
       },
       Kind::graph,
       {"register_hook", "requires_grad"}},
      {"retain_grad of a constant",
       [] { Variable<double>(Tensor<double>(Shape{1})).retain_grad(); },
       Kind::graph,
       {"retain_grad"}},
      {"a hook that changes the shape",
       [] {
         const auto x = leaf({1});
         x.register_hook([](const Tensor<double>&) { return Tensor<double>(Shape{2}); });
         tanh(x).backward();
       },
       Kind::shape,
       {"hook", "[2]", "[1]"}},
      {"a backward function that gives a gradient to an input that is not there",
       [] {
         static constexpr OpInfo op{"one_input", "x", ""};
         const auto x = leaf({2});
         record(op, {x}, Tensor<double>(Shape{2}), [](Backward<double>& b) {
           b.dx(0).fill(0);
           b.dx(1).fill(0);
         }).backward(Tensor<double>(Shape{2}));
       },
       Kind::graph,
       {"one_input", "input 1", "recorded with 1"}},
      {"a backward function that gives another shape",
       [] {
         static constexpr OpInfo stretch_op{"stretch", "x", ""};
         record(stretch_op, {leaf({1})}, Tensor<double>(Shape{1}), [](Backward<double>& b) {
           b.set_dx(0, Tensor<double>(Shape{2}));
         }).backward();
       },
       Kind::shape,
       {"stretch", "[2]", "[1]"}},
      {"a backward function that gives what nobody needs",
       [] {
         static constexpr OpInfo eager_op{"eager", "x, w", ""};
         const Variable<double> w(Tensor<double>(Shape{1}));
         record(eager_op, {leaf({1}), w}, Tensor<double>(Shape{1}), [](Backward<double>& b) {
           b.dx(0).fill(0);
           b.dx(1).fill(0);
         }).backward();
       },
       Kind::graph,
       {"eager", "input w", "needs(1)"}},
      {"a gradient check of an input that does not matter",
       [] {
         grad_check([](const auto& in) { return tanh(in[0]); }, {leaf({1}), leaf({1})});
       },
       Kind::graph,
       {"grad_check", "input 1"}},
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
      check_with("grad_check: no directions", {.directions = 0}, {"directions = 0", "at least 1"}),
      check_with("grad_check: a negative size", {.full_up_to = -1}, {"full_up_to = -1"}),
      {"grad_check: leaves without gradients",
       [] {
         const Variable<double> x(Tensor<double>(Shape{1}));
         grad_check([=] { return tanh(x); }, {{"x", x}});
       },
       Kind::value,
       {"grad_check", "requires_grad"}},
      {"grad_check: an f that draws numbers of its own",
       [] {
         const auto draws = std::make_shared<int>(0);
         grad_check([=](const auto& in) { return in[0] + double(++*draws); }, {leaf({2})});
       },
       Kind::value,
       {"grad_check", "other values", "random_stream"}},
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
