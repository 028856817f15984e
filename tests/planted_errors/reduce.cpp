#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

namespace {

// A gradient of the reduction's shape, repeated along the reduced axes: the backward of sum.
Var repeated(const BackwardCall& b, const Axes& axes) {
  return gradients([&](const Vars& in) { return sum(in[0], axes, b.y.shape().rank() > 1); }, b.in,
                   b.dy)[0];
}

}  // namespace

std::vector<PlantedError> reduce() {
  return {
      {"sum", "columns", "dy / n: the backward of mean", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dx[0] / 37.0; }},
      {"sum", "inner axis", "only the first element of the axis gets dy", "contribution is dropped",
       [](BackwardCall& b) { b.dx[0] = only(b.dx[0], 1, 0); }},
      {"sum", "inner axis", "the axis' last element left out", "contribution is dropped",
       [](BackwardCall& b) { b.dx[0] = without(b.dx[0], 1, 4); }},
      {"sum", "alternating", "dy repeated along the wrong axes: its own exchanged", "transposed",
       [](BackwardCall& b) {
         b.dx[0] = b.backward(0, permute(b.dy, {1, 0}));
       }},
      {"mean", "rows", "not divided by n", "factor",
       [](BackwardCall& b) { b.dx[0] = repeated(b, -1); }},
      {"mean", "rows", "divided by the number of rows, not of columns", "factor",
       [](BackwardCall& b) { b.dx[0] = repeated(b, -1) / 3.0; }},
      {"mean", "images to channels", "divided by the number of all elements", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dx[0] / 5.0; }},
      {"max", "rows", "the gradient goes to the last element, not to the maximum", "wrong places",
       [](BackwardCall& b) { b.dx[0] = only(repeated(b, -1), 1, 36); }},
      {"max", "rows", "the gradient goes to all elements", "should be zero",
       [](BackwardCall& b) { b.dx[0] = repeated(b, -1); }},
      {"max", "columns", "the index of the maximum off by one", "shift",
       [](BackwardCall& b) { b.dx[0] = rolled(b.dx[0], 0, 1); }},
      {"max", "inner axis", "the gradient goes to the minimum, the element not taken",
       "wrong places", [](BackwardCall& b) { b.dx[0] = b.backward({-b.in[0]}, b.dy)[0]; }},
  };
}

}  // namespace planted
