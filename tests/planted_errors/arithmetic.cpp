#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

std::vector<PlantedError> arithmetic() {
  return {
      {"add", "row", "db: the mean over the repetitions, not their sum", "factor",
       [](BackwardCall& b) { b.dx[1] = b.dx[1] / 12.0; }},
      {"add", "row", "db: the last repetition only, = for +=", "not accumulated",
       [](BackwardCall& b) { b.dx[1] = reshape(at(at(b.dy, 0, 3), 1, 2), {5}); }},
      {"add", "alternating", "da: summed over one of the repeated axes, the other's first taken",
       "not accumulated", [](BackwardCall& b) { b.dx[0] = b.backward(0, only(b.dy, 3, 0)); }},
      {"add", "used twice", "the second use forgotten", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dy; }},
      {"sub", "same shape", "db: the sign forgotten", "sign",
       [](BackwardCall& b) { b.dx[1] = b.dy; }},
      {"sub", "row", "db: one repetition too few", "not accumulated",
       [](BackwardCall& b) { b.dx[1] = b.backward(1, without(b.dy, 0, 3)); }},
      {"mul", "same shape", "the factors exchanged: da = dy a, db = dy b", "another function",
       [](BackwardCall& b) {
         b.dx[0] = b.dy * b.in[0];
         b.dx[1] = b.dy * b.in[1];
       }},
      {"mul", "same shape", "da: the factor b forgotten", "unchanged",
       [](BackwardCall& b) { b.dx[0] = b.dy; }},
      {"mul", "same shape", "da: dy forgotten", "another function",
       [](BackwardCall& b) { b.dx[0] = b.in[1]; }},
      {"mul", "column", "db: the last repetition only, = for +=", "not accumulated",
       [](BackwardCall& b) { b.dx[1] = at(b.dy * b.in[0], 1, 4); }},
      {"mul", "used twice", "the second use forgotten", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.in[0]; }},
      {"div", "same shape", "db: the quotient rule's sign forgotten", "sign",
       [](BackwardCall& b) { b.dx[1] = b.dy * b.y / b.in[1]; }},
      {"div", "same shape", "db: the divisor not squared", "another function",
       [](BackwardCall& b) { b.dx[1] = -b.dy * b.in[0] / b.in[1]; }},
      {"div", "same shape", "da: dy b in place of dy / b", "another function",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.in[1]; }},
      {"div", "scalar on the left", "da: the mean over the repetitions, not their sum", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dx[0] / 12.0; }},
      {"add_scalar", "matrix", "s taken for a factor", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.options<samples::NumberArgument>().number; }},
      {"rsub_scalar", "matrix", "the sign forgotten", "sign",
       [](BackwardCall& b) { b.dx[0] = b.dy; }},
      {"mul_scalar", "matrix", "the factor s forgotten", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dy; }},
      {"div_scalar", "matrix", "dy s in place of dy / s", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.options<samples::NumberArgument>().number; }},
      {"rdiv_scalar", "matrix", "the sign forgotten", "sign",
       [](BackwardCall& b) { b.dx[0] = -b.dx[0]; }},
      {"rdiv_scalar", "matrix", "the divisor not squared", "another function",
       [](BackwardCall& b) { b.dx[0] = -b.dy * b.y; }},
  };
}

}  // namespace planted
