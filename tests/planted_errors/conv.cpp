#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

namespace {

// The leading rows and columns of x that an undilated kernel of stride 1 reads for y's size.
Var window_of(const BackwardCall& b) {
  const Shape &y = b.y.shape(), &w = b.in[1].shape();
  return slice(slice(b.in[0], 1, 0, y[1] + w[1] - 1), 2, 0, y[2] + w[2] - 1);
}

Var dw_with_options_forgotten(const BackwardCall& b) {
  return gradients([](const Vars& in) { return conv2d(in[0], in[1]); }, {window_of(b), b.in[1]},
                   b.dy)[1];
}

}  // namespace

std::vector<PlantedError> conv() {
  return {
      {"conv2d", "one image, one channel", "dw: rows and columns of the kernel exchanged",
       "transposed",
       [](BackwardCall& b) {
         b.dx[1] = permute(b.dx[1], {0, 2, 1, 3});
       }},
      {"conv2d", "plain", "dw: written as [O, C, kh, kw]", "wrong places",
       [](BackwardCall& b) {
         b.dx[1] = reshape(permute(b.dx[1], {0, 3, 1, 2}), b.in[1].shape());
       }},
      {"conv2d", "plain", "dx: the kernel flipped once too often", "",
       [](BackwardCall& b) {
         b.dx[0] = b.backward({b.in[0], flipped(flipped(b.in[1], 1), 2), b.in[2]}, b.dy)[0];
       }},
      {"conv2d", "plain", "dx: the window off by one", "shift",
       [](BackwardCall& b) { b.dx[0] = rolled(b.dx[0], 1, 1); }},
      {"conv2d", "plain", "dw: the window off by one", "",
       [](BackwardCall& b) {
         b.dx[1] = b.backward({rolled(b.in[0], 2, -1), b.in[1], b.in[2]}, b.dy)[1];
       }},
      {"conv2d", "plain", "dw: the last image only, = for +=", "missing",
       [](BackwardCall& b) { b.dx[1] = b.backward(1, only(b.dy, 0, 1)); }},
      {"conv2d", "plain", "dw: the last output row left out", "not accumulated",
       [](BackwardCall& b) { b.dx[1] = b.backward(1, without(b.dy, 1, 2)); }},
      {"conv2d", "plain", "dx: = for += where windows overlap", "",
       [](BackwardCall& b) { b.dx[0] = overwritten(b, 0, 1); }},
      {"conv2d", "plain", "db: averaged over the pixels", "factor",
       [](BackwardCall& b) { b.dx[2] = b.dx[2] / 15.0; }},
      {"conv2d", "plain", "db: summed over the images, at the first pixel only", "not accumulated",
       [](BackwardCall& b) { b.dx[2] = b.backward(2, only(only(b.dy, 1, 0), 2, 0)); }},
      {"conv2d", "plain", "db forgotten", "zero",
       [](BackwardCall& b) { b.dx[2] = zeros_like(b.in[2]); }},
      {"conv2d", "one image, one channel", "dx: the padding ignored", "shift",
       [](BackwardCall& b) {
         const auto padded = [](const Vars& in) { return conv2d(in[0], in[1]); };
         const Var x = pad(b.in[0], {{0, 0}, {1, 1}, {1, 1}, {0, 0}});
         const Var dx = gradients(padded, {x, b.in[1]}, b.dy)[0];
         b.dx[0] = slice(slice(dx, 1, 0, b.in[0].shape(1)), 2, 0, b.in[0].shape(2));
       }},
      {"conv2d", "stride", "dw: the stride forgotten", "",
       [](BackwardCall& b) { b.dx[1] = dw_with_options_forgotten(b); }},
      {"conv2d", "dilation", "dw: the dilation forgotten", "",
       [](BackwardCall& b) { b.dx[1] = dw_with_options_forgotten(b); }},
      {"conv2d", "groups", "dw: each group reads the first group's channels", "",
       [](BackwardCall& b) {
         const Var first = slice(b.in[0], 3, 0, 2);
         b.dx[1] = b.backward({concat({first, first, first}, 3), b.in[1], b.in[2]}, b.dy)[1];
       }},
      {"conv2d", "groups", "dx: the groups in another order", "stand in the order",
       [](BackwardCall& b) {
         const auto group = [&](Index i) { return slice(b.dx[0], 3, 2 * i, 2 * i + 2); };
         b.dx[0] = concat({group(1), group(2), group(0)}, 3);
       }},
      {"conv2d", "several chunks, the last one smaller", "dw: the last, smaller chunk left out", "",
       [](BackwardCall& b) { b.dx[1] = b.backward(1, without(b.dy, 0, 12)); }},
      {"conv1d", "stride, padding and dilation", "dw: the taps in reverse", "reversed",
       [](BackwardCall& b) { b.dx[1] = flipped(b.dx[1], 1); }},
      {"conv1d", "plain", "dx: the last tap left out", "",
       [](BackwardCall& b) {
         b.dx[0] = b.backward({b.in[0], without(b.in[1], 1, 1), b.in[2]}, b.dy)[0];
       }},
      {"conv1d", "plain", "dx: the last sequence left out", "not accumulated",
       [](BackwardCall& b) { b.dx[0] = b.backward(0, without(b.dy, 0, 1)); }},
      {"conv1d", "plain", "db: averaged over the batch", "factor",
       [](BackwardCall& b) { b.dx[2] = b.dx[2] / 2.0; }},
      {"conv1d", "groups", "dw: each group takes the first group's dy", "",
       [](BackwardCall& b) {
         const Var first = slice(b.dy, 2, 0, 3);
         b.dx[1] = b.backward(1, concat({first, first}, 2));
       }},
  };
}

}  // namespace planted
