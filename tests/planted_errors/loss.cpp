#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

namespace {

using Labels = std::vector<std::int32_t>;
using EntropyCase = samples::LabelCase<CrossEntropyOptions>;

// The gradient of cross_entropy with other options and labels.
Var entropy_backward(const BackwardCall& b, const CrossEntropyOptions& options,
                     const Labels& labels) {
  return gradients([&](const Vars& in) { return cross_entropy(in[0], labels, options); }, b.in,
                   b.dy)[0];
}

}  // namespace

std::vector<PlantedError> loss() {
  return {
      {"softmax", "rows", "without the sum: dy y", "y * sum(dy * y)",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.y; }},
      {"softmax", "rows", "y (1 - y), the diagonal alone", "",
       [](BackwardCall& b) { b.dx[0] = b.dy * b.y * (1.0 - b.y); }},
      {"softmax", "middle axis", "the sum along another axis", "",
       [](BackwardCall& b) { b.dx[0] = b.y * (b.dy - sum(b.dy * b.y, 2, true)); }},
      {"softmax", "rows", "the sum's y forgotten: y (dy - sum(dy))", "",
       [](BackwardCall& b) { b.dx[0] = b.y * (b.dy - sum(b.dy, 1, true)); }},
      {"softmax", "several chunks", "the last row forgotten",
       "all with index 89 on axis 0 (of 90); an element that is wrong: x[89",
       [](BackwardCall& b) { b.dx[0] = without(b.dx[0], 0, 89); }},
      {"log_softmax", "rows", "without the sum: dx = dy", "unchanged",
       [](BackwardCall& b) { b.dx[0] = b.dy; }},
      {"log_softmax", "rows", "y in place of exp(y)", "",
       [](BackwardCall& b) { b.dx[0] = b.dy - b.y * sum(b.dy, 1, true); }},
      {"log_softmax", "columns", "the sum along another axis", "",
       [](BackwardCall& b) { b.dx[0] = b.dy - exp(b.y) * sum(b.dy, 1, true); }},
      {"cross_entropy", "mean", "not divided by the number of rows", "factor",
       [](BackwardCall& b) { b.dx[0] = 4.0 * b.dx[0]; }},
      {"cross_entropy", "mean", "the target not subtracted from the softmax", "",
       [](BackwardCall& b) { b.dx[0] = softmax(b.in[0]) * b.dy / 4.0; }},
      {"cross_entropy", "mean", "q - softmax: the sign", "sign",
       [](BackwardCall& b) { b.dx[0] = -b.dx[0]; }},
      {"cross_entropy", "mean", "labels off by one", "special",
       [](BackwardCall& b) {
         b.dx[0] = entropy_backward(b, {}, {0, 1, 3, 1});
       }},
      {"cross_entropy", "mean over what is not ignored", "ignored rows counted in the mean",
       "factor", [](BackwardCall& b) { b.dx[0] = b.dx[0] / 2.0; }},
      {"cross_entropy", "ignored class", "ignored rows get a gradient", "should be zero",
       [](BackwardCall& b) {
         b.dx[0] =
             entropy_backward(b, {.reduction = Reduction::sum}, b.options<EntropyCase>().labels) /
             2.0;
       }},
      {"cross_entropy", "label smoothing", "the smoothing forgotten", "",
       [](BackwardCall& b) {
         b.dx[0] = entropy_backward(b, {}, {4, 0, 2});
       }},
      {"cross_entropy", "sequences", "each row takes the first one's dloss", "",
       [](BackwardCall& b) {
         const Var first = at(at(b.dy, 0, 0), 1, 0);
         b.dx[0] = b.backward(0, zeros_like(b.dy) + first);
       }},
      {"nll_loss", "mean", "the sign forgotten", "sign",
       [](BackwardCall& b) { b.dx[0] = -b.dx[0]; }},
      {"nll_loss", "mean", "not divided by the number of rows", "factor",
       [](BackwardCall& b) { b.dx[0] = 4.0 * b.dx[0]; }},
      {"nll_loss", "mean", "labels off by one", "shift",
       [](BackwardCall& b) { b.dx[0] = rolled(b.dx[0], 1, 1); }},
      {"mse_loss", "mean", "the 2 forgotten", "factor",
       [](BackwardCall& b) {
         for (Var& dx : b.dx) dx = dx / 2.0;
       }},
      {"mse_loss", "mean", "dtarget: the sign forgotten", "sign",
       [](BackwardCall& b) { b.dx[1] = b.dx[0]; }},
      {"mse_loss", "mean", "not divided by the number of elements", "factor",
       [](BackwardCall& b) { b.dx[0] = 12.0 * b.dx[0]; }},
      {"mse_loss", "sum", "prediction + target in place of their difference", "",
       [](BackwardCall& b) { b.dx[0] = 2.0 * (b.in[0] + b.in[1]) * b.dy; }},
      {"mse_loss", "several chunks", "dprediction: the last element forgotten",
       "all with index 69 on axis 0 (of 70) and index 69 on axis 1 (of 70)",
       [](BackwardCall& b) { b.dx[0] = b.dx[0] - only(only(b.dx[0], 0, 69), 1, 69); }},
  };
}

}  // namespace planted
