#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

std::vector<PlantedError> embedding() {
  return {
      {"embedding", "an id many times, one never", "= for += where an id comes again", "",
       [](BackwardCall& b) { b.dx[0] = overwritten(b, 0, 0); }},
      {"embedding", "an id many times, one never", "averaged where an id comes again", "factor",
       [](BackwardCall& b) {
         const Var uses(Tensor<double>::from({1, 1, 3, 1}, {4, 1}));
         b.dx[0] = b.dx[0] / uses;
       }},
      {"embedding", "sequences", "ids off by one", "shift",
       [](BackwardCall& b) { b.dx[0] = rolled(b.dx[0], 0, 1); }},
      {"embedding", "sequences", "the last step's ids left out", "not accumulated",
       [](BackwardCall& b) { b.dx[0] = b.backward(0, without(b.dy, 0, 2)); }},
      {"embedding", "sequences", "ids read batch by batch", "wrong places",
       [](BackwardCall& b) {
         using Ids = std::vector<std::int32_t>;
         const Ids& ids = b.options<samples::EmbeddingArguments>().ids;
         const Ids exchanged{ids[0], ids[2], ids[4], ids[1], ids[3], ids[5]};
         const auto look_up = [&](const Vars& in) {
           return xgrad::embedding(in[0], exchanged, {3, 2});
         };
         b.dx[0] = gradients(look_up, b.in, b.dy)[0];
       }},
      {"embedding", "several chunks", "= for += where an id comes again",
       "element that is wrong: weight[", [](BackwardCall& b) { b.dx[0] = overwritten(b, 0, 0); }},
  };
}

}  // namespace planted
