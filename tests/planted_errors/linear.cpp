#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

std::vector<PlantedError> linear() {
  return {
      {"linear", "matrix", "dw = x^T dy, its transpose", "transposed",
       [](BackwardCall& b) {
         b.dx[1] = reshape(matmul(permute(b.in[0], {1, 0}), b.dy), b.in[1].shape());
       }},
      {"linear", "matrix", "dw: the last row only, = for +=", "not accumulated",
       [](BackwardCall& b) { b.dx[1] = b.backward(1, only(b.dy, 0, 2)); }},
      {"linear", "matrix", "dw: one row too few", "not accumulated",
       [](BackwardCall& b) { b.dx[1] = b.backward(1, without(b.dy, 0, 2)); }},
      {"linear", "matrix", "dw: averaged over the rows", "factor",
       [](BackwardCall& b) { b.dx[1] = b.dx[1] / 3.0; }},
      {"linear", "matrix", "dx: w used as it lies, transposed", "",
       [](BackwardCall& b) { b.dx[0] = matmul(b.dy, transposed(b.in[1])); }},
      {"linear", "matrix", "db forgotten", "zero",
       [](BackwardCall& b) { b.dx[2] = zeros_like(b.in[2]); }},
      {"linear", "matrix", "db: the first row only", "not accumulated",
       [](BackwardCall& b) { b.dx[2] = b.backward(2, only(b.dy, 0, 0)); }},
      {"linear", "three leading axes", "dw: the first leading index only", "not accumulated",
       [](BackwardCall& b) { b.dx[1] = b.backward(1, only(b.dy, 0, 0)); }},
      {"linear", "three leading axes", "db: averaged over the rows", "factor",
       [](BackwardCall& b) { b.dx[2] = b.dx[2] / 12.0; }},
      {"matmul", "matrices", "da = dy b: b not transposed", "",
       [](BackwardCall& b) {
         b.dx[0] = matmul(b.dy, reshape(b.in[1], {4, 5}));
       }},
      {"matmul", "matrices", "db = dy^T a, its transpose", "transposed",
       [](BackwardCall& b) {
         b.dx[1] = reshape(matmul(permute(b.dy, {1, 0}), b.in[0]), b.in[1].shape());
       }},
      {"matmul", "the same twice", "the second use forgotten", "",
       [](BackwardCall& b) {
         b.dx[0] = matmul(b.dy, permute(b.in[0], {1, 0}));
       }},
      {"matmul", "the same twice", "the gradient transposed", "transposed",
       [](BackwardCall& b) {
         b.dx[0] = permute(b.dx[0], {1, 0});
       }},
      {"matmul", "batch", "da: each product takes the first b", "",
       [](BackwardCall& b) {
         const Var first(Tensor<double>::full({6, 1, 1}, 1));
         b.dx[0] = b.backward({b.in[0], first * at(b.in[1], 0, 0)}, b.dy)[0];
       }},
      {"matmul", "batch", "db: one product too few", "not accumulated",
       [](BackwardCall& b) { b.dx[1] = b.backward(1, without(b.dy, 0, 5)); }},
  };
}

}  // namespace planted
