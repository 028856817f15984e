#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

std::vector<PlantedError> shape() {
  return {
      {"reshape", "to a matrix", "dy read column by column", "wrong places",
       [](BackwardCall& b) {
         b.dx[0] = permute(reshape(b.dy, {4, 3, 2}), {2, 1, 0});
       }},
      {"reshape", "with a free axis", "dx of the first row only", "contribution is dropped",
       [](BackwardCall& b) { b.dx[0] = only(b.dx[0], 0, 0); }},
      {"flatten", "images", "dy read as channels first", "wrong places",
       [](BackwardCall& b) {
         b.dx[0] = permute(reshape(b.dy, {2, 5, 3, 4}), {0, 2, 3, 1});
       }},
      {"permute", "transposition", "not permuted back", "transposed",
       [](BackwardCall& b) {
         b.dx[0] = reshape(b.dy, {5, 3});
       }},
      {"permute", "no inner axis", "the forward permutation in place of its inverse",
       "wrong places",
       [](BackwardCall& b) {
         b.dx[0] = reshape(permute(b.dy, {2, 3, 1, 0}), b.in[0].shape());
       }},
      {"concat", "rows", "the offset forgotten: each part starts at the first row", "offset",
       [](BackwardCall& b) {
         for (std::size_t i = 1; i < 3; ++i) b.dx[i] = slice(b.dy, 0, 0, b.in[i].shape(0));
       }},
      {"concat", "rows", "the offset of the last part off by one", "shift",
       [](BackwardCall& b) { b.dx[2] = slice(b.dy, 0, 2, 6); }},
      {"concat", "used twice", "the second use forgotten", "not accumulated",
       [](BackwardCall& b) { b.dx[0] = slice(b.dy, 1, 0, 3); }},
      {"slice", "leading axis", "begin off by one", "shift",
       [](BackwardCall& b) { b.dx[0] = rolled(b.dx[0], 0, 1); }},
      {"slice", "last axis, with a step", "the step forgotten", "wrong places",
       [](BackwardCall& b) {
         b.dx[0] = pad(b.dy, {{0, 0}, {1, 4}});
       }},
      {"slice", "last axis", "dx not zero outside the slice", "should be zero",
       [](BackwardCall& b) {
         b.dx[0] = pad(b.dy, {{0, 0}, {2, 2}}, 1);
       }},
      {"pad", "images", "before and after exchanged", "offset",
       [](BackwardCall& b) { b.dx[0] = slice(slice(b.dy, 1, 1, 4), 2, 0, 4); }},
      {"pad", "all axes, with ones", "the border not removed: the first elements of dy", "offset",
       [](BackwardCall& b) {
         b.dx[0] = reshape(slice(flatten(b.dy, 0), 0, 0, b.in[0].size()), b.in[0].shape());
       }},
  };
}

}  // namespace planted
