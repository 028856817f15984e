#include <limits>

#include <xgrad/ops/shape.hpp>

#include "misuse.hpp"

namespace misuse {

using namespace xgrad;

std::vector<Misuse> shape() {
  const Variable<float> x(Tensor<float>(Shape{3, 4})), wide(Tensor<float>(Shape{3, 5})),
      vector(Tensor<float>(Shape{4}));
  return {
      {"reshape: another number of elements",
       [=] {
         reshape(x, {5, 2});
       },
       Kind::shape,
       {"reshape", "[3, 4]", "[5, 2]", "-1"}},
      {"reshape: two free extents",
       [=] {
         reshape(x, {-1, -1});
       },
       Kind::shape,
       {"reshape", "[3, 4]", "[-1, -1]"}},
      {"reshape: a free extent that does not divide",
       [=] {
         reshape(x, {-1, 5});
       },
       Kind::shape,
       {"reshape", "[3, 4]"}},
      {"flatten: start_axis outside the shape",
       [=] { flatten(vector); },
       Kind::shape,
       {"flatten", "axis 1", "[4]"}},
      {"permute: an axis is missing",
       [=] { permute(x, {0}); },
       Kind::shape,
       {"permute", "{0}", "[3, 4]", "once"}},
      {"permute: an axis twice",
       [=] {
         permute(x, {1, -1});
       },
       Kind::shape,
       {"permute", "{1, -1}", "[3, 4]"}},
      {"concat: nothing",
       [] { concat(std::vector<Variable<float>>{}, 0); },
       Kind::value,
       {"concat", "xs", "empty"}},
      {"concat: other extents differ",
       [=] {
         concat({x, wide}, 0);
       },
       Kind::shape,
       {"concat", "xs[1]", "[3, 5]", "[3, 4]", "axis 0"}},
      {"concat: ranks differ",
       [=] {
         concat({x, vector}, 0);
       },
       Kind::shape,
       {"concat", "xs[1]", "[4]", "[3, 4]"}},
      {"concat: axis outside the shape",
       [=] {
         concat({x, x}, 2);
       },
       Kind::shape,
       {"concat", "axis 2", "[3, 4]"}},
      {"slice: end outside the axis",
       [=] { slice(x, 1, 2, 5); },
       Kind::shape,
       {"slice", "2:5", "axis 1", "[3, 4]"}},
      {"slice: end before begin",
       [=] { slice(x, 0, 2, 1); },
       Kind::shape,
       {"slice", "2:1", "axis 0"}},
      {"slice: step 0", [=] { slice(x, 0, 0, 2, 0); }, Kind::value, {"slice", "step 0"}},
      {"pad: widths for some axes only",
       [=] {
         pad(x, {{1, 1}});
       },
       Kind::shape,
       {"pad", "1 widths", "[3, 4]"}},
      {"pad: a negative width",
       [=] {
         pad(x, {{0, 0}, {1, -1}});
       },
       Kind::value,
       {"pad", "{1, -1}", "axis 1"}},
      {"reshape: x is undefined",
       [=] { reshape(Variable<float>(), {0}); },
       Kind::value,
       {"reshape", "x is undefined"}},
      {"flatten: x is undefined",
       [=] { flatten(Variable<float>(), 0); },
       Kind::value,
       {"flatten", "x is undefined"}},
      {"permute: x is undefined",
       [=] { permute(Variable<float>(), {0}); },
       Kind::value,
       {"permute", "x is undefined"}},
      {"concat: xs[0] is undefined",
       [=] {
         concat({Variable<float>(), x}, 0);
       },
       Kind::value,
       {"concat", "xs[0] is undefined"}},
      {"concat: xs[1] is undefined",
       [=] {
         concat({x, Variable<float>()}, 0);
       },
       Kind::value,
       {"concat", "xs[1] is undefined"}},
      {"slice: x is undefined",
       [=] { slice(Variable<float>(), 0, 0, 0); },
       Kind::value,
       {"slice", "x is undefined"}},
      {"pad: x is undefined",
       [=] {
         pad(Variable<float>(), {{1, 1}});
       },
       Kind::value,
       {"pad", "x is undefined"}},
      {"pad: a width beyond all memory",
       [=] {
         pad(x, {{0, 0}, {0, std::numeric_limits<Index>::max()}});
       },
       Kind::value,
       {"pad", "axis 1", "too large"}},
      {"pad: a result beyond all memory",
       [=] {
         pad(x, {{Index{1} << 40, 0}, {0, 0}});
       },
       Kind::shape,
       {"pad", "[3, 4]", "[1099511627779, 4]"}},
  };
}

}  // namespace misuse
