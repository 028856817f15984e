#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/ops/elementwise.hpp>

#include "misuse.hpp"

namespace misuse {

using namespace xgrad;

namespace {

Variable<double> leaf(const Shape& shape) { return {Tensor<double>(shape), true}; }

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
      {"a gradient check of nothing",
       [] { grad_check([](const auto& in) { return tanh(in[0]); }, {}); },
       Kind::value,
       {"grad_check", "no inputs"}},
      {"a gradient check of an input that does not matter",
       [] {
         grad_check([](const auto& in) { return tanh(in[0]); }, {leaf({1}), leaf({1})});
       },
       Kind::graph,
       {"grad_check", "input 1"}},
  };
}

}  // namespace misuse
