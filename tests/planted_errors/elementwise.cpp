#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

std::vector<PlantedError> elementwise() {
  return {
      {"tanh", "matrix", "1 - x^2: the input saved in place of the output", "another function",
       [](BackwardCall& b) { b.dx[0] = b.dy * (1.0 - b.in[0] * b.in[0]); }},
      {"tanh", "matrix", "1 - y in place of 1 - y^2", "another function",
       [](BackwardCall& b) { b.dx[0] = b.dy * (1.0 - b.y); }},
      {"tanh", "matrix", "the derivative forgotten: dx = dy", "unchanged",
       [](BackwardCall& b) { b.dx[0] = b.dy; }},
      {"relu", "matrix", "the gradient passes where x is negative", "unchanged",
       [](BackwardCall& b) { b.dx[0] = b.dy; }},
      {"relu", "matrix", "the sign of dy tested in place of that of x", "condition",
       [](BackwardCall& b) { b.dx[0] = relu(b.dy); }},
      {"relu", "matrix", "the test turned round: dy where x < 0", "",
       [](BackwardCall& b) { b.dx[0] = b.dy - b.dx[0]; }},
      {"sigmoid", "matrix", "the factor 1 - y forgotten", "another function",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.y; }},
      {"sigmoid", "matrix", "x (1 - x): the input saved in place of the output", "another function",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.in[0] * (1.0 - b.in[0]); }},
      {"sigmoid", "matrix", "y (y - 1): the sign", "sign",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.y * (b.y - 1.0); }},
      {"exp", "matrix", "the input saved in place of the output", "another function",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.in[0]; }},
      {"log", "matrix", "dy x in place of dy / x", "another function",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.in[0]; }},
      {"log", "matrix", "dy / y: the output saved in place of the input", "another function",
       [](BackwardCall& b) { b.dx[0] = b.dy / b.y; }},
      {"sqrt", "matrix", "the 2 of dy / (2 y) forgotten", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dy / b.y; }},
      {"sqrt", "matrix", "dy / (2 x): the input saved in place of the output", "another function",
       [](BackwardCall& b) { b.dx[0] = b.dy / (2.0 * b.in[0]); }},
      {"pow", "cube", "the exponent not lowered: dy p x^p", "another function",
       [](BackwardCall& b) { b.dx[0] = 3.0 * b.dy * b.y; }},
      {"pow", "cube", "the factor p forgotten", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.in[0] * b.in[0]; }},
      {"pow", "inverse", "the exponent off by one: p x^(p + 1)", "another function",
       [](BackwardCall& b) { b.dx[0] = -b.dy; }},
      {"neg", "matrix", "the sign forgotten", "sign", [](BackwardCall& b) { b.dx[0] = b.dy; }},
      {"dropout", "matrix", "the factor 1 / (1 - p) forgotten", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dx[0] * (1 - b.options<samples::DropoutArguments>().p); }},
      {"dropout", "matrix", "the mask of another draw", "mask",
       [](BackwardCall& b) {
         RandomStream random(8, "dropout sample");
         b.dx[0] = dropout(b.dy, b.options<samples::DropoutArguments>().p, true, random);
       }},
      {"dropout", "matrix", "the mask forgotten", "should be zero",
       [](BackwardCall& b) { b.dx[0] = b.dy / (1 - b.options<samples::DropoutArguments>().p); }},
  };
}

}  // namespace planted
