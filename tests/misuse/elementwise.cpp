#include <xgrad/ops/arithmetic.hpp>

#include "misuse.hpp"

namespace misuse {

using namespace xgrad;

std::vector<Misuse> elementwise() {
  const Variable<float> matrix(Tensor<float>(Shape{3, 4})), row(Tensor<float>(Shape{3})),
      cube(Tensor<float>(Shape{2, 5, 4}));
  return {
      {"add: last extents differ",
       [=] { matrix + row; },
       Kind::shape,
       {"add", "a of shape [3, 4]", "b of shape [3]", "reshape"}},
      {"sub: last extents differ",
       [=] { row - matrix; },
       Kind::shape,
       {"sub", "a of shape [3]", "b of shape [3, 4]"}},
      {"mul: inner extents differ",
       [=] { matrix* cube; },
       Kind::shape,
       {"mul", "[3, 4]", "[2, 5, 4]", "equal or 1"}},
      {"div: inner extents differ",
       [=] { cube / matrix; },
       Kind::shape,
       {"div", "[2, 5, 4]", "[3, 4]"}},
  };
}

}  // namespace misuse
