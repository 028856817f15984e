#include <cmath>

#include <xgrad/ops/dropout.hpp>

#include "misuse.hpp"

namespace misuse {

using namespace xgrad;

std::vector<Misuse> dropout() {
  const Variable<float> x(Tensor<float>(Shape{3, 4}));
  return {
      {"dropout: p = 1", [=] { xgrad::dropout(x, 1, true); }, Kind::value, {"dropout", "p = 1"}},
      {"dropout: negative p, also in evaluation",
       [=] { xgrad::dropout(x, -0.1, false); },
       Kind::value,
       {"dropout", "p = -0.1"}},
      {"dropout: p is NaN", [=] { xgrad::dropout(x, NAN, true); }, Kind::value, {"dropout", "nan"}},
      {"dropout: x is undefined",
       [=] { xgrad::dropout(Variable<float>(), 0.5, false); },
       Kind::value,
       {"dropout", "x is undefined"}},
  };
}

}  // namespace misuse
