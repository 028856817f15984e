#include <xgrad/ops/loss.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad;

Misuse cross_entropy_of(const char* what, const Shape& logits, std::vector<std::int32_t> targets,
                        const CrossEntropyOptions& options, Kind kind,
                        std::vector<std::string> names) {
  names.push_back("cross_entropy");
  const auto run = [=] { cross_entropy(Variable<float>(Tensor<float>(logits)), targets, options); };
  return {what, run, kind, std::move(names)};
}

Variable<float> zeros(const Shape& shape) { return Variable<float>(Tensor<float>(shape)); }

}  // namespace

std::vector<Misuse> loss() {
  return {
      cross_entropy_of("cross_entropy: logits without a class axis", {3}, {0, 1, 2}, {},
                       Kind::shape, {"logits", "[3]", "[batch, classes]"}),
      cross_entropy_of("cross_entropy: too few targets", {3, 4}, {0, 1}, {}, Kind::shape,
                       {"2 targets", "[3, 4]"}),
      cross_entropy_of("cross_entropy: label too large", {2, 4}, {0, 4}, {}, Kind::value,
                       {"targets[1]", "4", "4 classes", "[2, 4]"}),
      cross_entropy_of("cross_entropy: negative label", {2, 4}, {-1, 0}, {}, Kind::value,
                       {"targets[0]", "-1", "ignore_index"}),
      cross_entropy_of("cross_entropy: empty batch", {0, 4}, {}, {}, Kind::value,
                       {"[0, 4]", "empty batch"}),
      cross_entropy_of("cross_entropy: all targets ignored", {2, 4}, {-100, -100}, {}, Kind::value,
                       {"-100", "ignore_index", "Reduction::sum"}),
      cross_entropy_of("cross_entropy: smoothing above 1", {2, 4}, {0, 1}, {.label_smoothing = 1.2},
                       Kind::value, {"label_smoothing", "1.2"}),
      {"nll_loss: label too large",
       [] {
         nll_loss(zeros({2, 3}), std::vector<std::int32_t>{2, 3});
       },
       Kind::value,
       {"nll_loss", "targets[1]", "3 classes", "log_probs"}},
      {"nll_loss: one target too many",
       [] {
         nll_loss(zeros({2, 3}), std::vector<std::int32_t>{2, 1, 0});
       },
       Kind::shape,
       {"nll_loss", "3 targets", "log_probs [2, 3]"}},
      {"mse_loss: shapes differ",
       [] {
         mse_loss(zeros({2, 3}), zeros({3, 2}));
       },
       Kind::shape,
       {"mse_loss", "prediction [2, 3]", "target [3, 2]"}},
      {"mse_loss: empty",
       [] {
         mse_loss(zeros({0, 3}), zeros({0, 3}));
       },
       Kind::value,
       {"mse_loss", "[0, 3]"}},
      {"softmax: no such axis",
       [] {
         softmax(zeros({2, 3}), 2);
       },
       Kind::shape,
       {"softmax", "axis 2", "[2, 3]"}},
      {"log_softmax: an empty axis",
       [] {
         log_softmax(zeros({2, 0}), 1);
       },
       Kind::shape,
       {"log_softmax", "axis 1", "[2, 0]"}},
      {"softmax: x is undefined",
       [=] { softmax(Variable<float>(), 0); },
       Kind::value,
       {"softmax", "x is undefined"}},
      {"log_softmax: x is undefined",
       [=] { log_softmax(Variable<float>(), 0); },
       Kind::value,
       {"log_softmax", "x is undefined"}},
      {"cross_entropy: logits is undefined",
       [=] { cross_entropy(Variable<float>(), std::vector<std::int32_t>{}); },
       Kind::value,
       {"cross_entropy", "logits is undefined"}},
      {"nll_loss: log_probs is undefined",
       [=] { nll_loss(Variable<float>(), std::vector<std::int32_t>{}); },
       Kind::value,
       {"nll_loss", "log_probs is undefined"}},
      {"mse_loss: prediction is undefined",
       [=] { mse_loss(Variable<float>(), Variable<float>()); },
       Kind::value,
       {"mse_loss", "prediction is undefined"}},
      {"mse_loss: target is undefined",
       [=] { mse_loss(zeros({0}), Variable<float>()); },
       Kind::value,
       {"mse_loss", "target is undefined"}},
  };
}

}  // namespace misuse
