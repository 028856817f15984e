#include <xgrad/ops/reduce.hpp>

#include "misuse.hpp"

namespace misuse {

using namespace xgrad;

std::vector<Misuse> reduce() {
  const Variable<float> x(Tensor<float>(Shape{3, 4})), empty(Tensor<float>(Shape{0, 4}));
  return {
      {"sum: axis outside the shape",
       [=] { sum(x, 2); },
       Kind::shape,
       {"sum", "axis 2", "[3, 4]", "use -2 to 1"}},
      {"mean: negative axis outside the shape",
       [=] {
         mean(x, {0, -3});
       },
       Kind::shape,
       {"mean", "axis -3", "[3, 4]"}},
      {"max: an axis twice",
       [=] {
         max(x, {1, -1});
       },
       Kind::shape,
       {"max", "axis -1", "[3, 4]", "twice"}},
      {"mean of nothing", [=] { mean(empty, 0); }, Kind::shape, {"mean", "[0, 4]", "no elements"}},
      {"max of nothing", [=] { max(empty); }, Kind::shape, {"max", "[0, 4]", "no elements"}},
      {"sum: x is undefined",
       [=] { sum(Variable<float>()); },
       Kind::value,
       {"sum", "x is undefined"}},
      {"mean: x is undefined",
       [=] { mean(Variable<float>()); },
       Kind::value,
       {"mean", "x is undefined"}},
      {"max: x is undefined",
       [=] { max(Variable<float>()); },
       Kind::value,
       {"max", "x is undefined"}},
  };
}

}  // namespace misuse
