#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

std::vector<PlantedError> pool() {
  return {
      {"max_pool2d", "2x2", "the gradient goes to the last place of the window", "wrong places",
       [](BackwardCall& b) {
         const auto last = [](const Vars& in) {
           return slice(slice(in[0], 1, 1, 4, 2), 2, 1, 6, 2);
         };
         b.dx[0] = gradients(last, b.in, b.dy)[0];
       }},
      {"max_pool2d", "2x2", "the gradient goes to the smallest, which was not taken",
       "wrong places", [](BackwardCall& b) { b.dx[0] = b.backward({-b.in[0]}, b.dy)[0]; }},
      {"max_pool2d", "2x2", "the gradient goes to the whole window", "should be zero",
       [](BackwardCall& b) {
         const auto whole = [](const Vars& in) { return 4.0 * avg_pool2d(in[0], 2); };
         b.dx[0] = gradients(whole, b.in, b.dy)[0];
       }},
      {"max_pool2d", "2x2", "the window off by one column", "shift",
       [](BackwardCall& b) { b.dx[0] = rolled(b.dx[0], 2, 1); }},
      {"max_pool2d", "non-square, overlapping", "= for += where windows overlap",
       "repeated|overlap", [](BackwardCall& b) { b.dx[0] = overwritten(b, 0, 1); }},
      {"max_pool2d", "2x2", "the channels' indices mixed up", "wrong places",
       [](BackwardCall& b) { b.dx[0] = b.backward({rolled(b.in[0], 3, 1)}, b.dy)[0]; }},
      {"avg_pool2d", "stride 2, padding 1", "divided by the places inside the image", "",
       [](BackwardCall& b) {
         const Var ones(Tensor<double>::full(b.in[0].shape(), 1));
         b.dx[0] = b.backward(0, b.dy / avg_pool2d(ones, b.options<PoolOptions>()));
       }},
      {"avg_pool2d", "2x2", "not divided by the places", "factor",
       [](BackwardCall& b) { b.dx[0] = 4.0 * b.dx[0]; }},
      {"avg_pool2d", "non-square, overlapping", "= for += where windows overlap", "",
       [](BackwardCall& b) { b.dx[0] = overwritten(b, 0, 1); }},
      {"avg_pool2d", "2x2", "the first place of the window gets all of it", "",
       [](BackwardCall& b) {
         const auto first = [](const Vars& in) {
           return slice(slice(in[0], 1, 0, 4, 2), 2, 0, 6, 2);
         };
         b.dx[0] = gradients(first, b.in, b.dy)[0];
       }},
      {"avg_pool2d", "several chunks", "the last image forgotten",
       "all with index 1 on axis 0 (of 2)",
       [](BackwardCall& b) { b.dx[0] = without(b.dx[0], 0, 1); }},
      {"global_avg_pool2d", "narrow", "divided by the height alone", "factor",
       [](BackwardCall& b) { b.dx[0] = 5.0 * b.dx[0]; }},
      {"global_avg_pool2d", "narrow", "each image takes the first one's gradient", "",
       [](BackwardCall& b) {
         b.dx[0] = b.backward(0, concat({at(b.dy, 0, 0), at(b.dy, 0, 0)}, 0));
       }},
  };
}

}  // namespace planted
