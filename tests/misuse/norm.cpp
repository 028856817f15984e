#include <xgrad/ops/norm.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad;

Misuse batch_norm_of(const char* what, const Shape& x, Index gamma, Index beta, Index channels,
                     const BatchNormOptions& options, Kind kind, std::vector<std::string> names) {
  names.push_back("batch_norm");
  const auto run = [=] {
    const auto parameter = [](Index n) { return Variable<float>(Tensor<float>(Shape{n}), true); };
    BatchNormStats<float> stats(channels);
    batch_norm(Variable<float>(Tensor<float>(x)), parameter(gamma), parameter(beta), stats,
               options);
  };
  return {what, run, kind, std::move(names)};
}

}  // namespace

std::vector<Misuse> norm() {
  return {
      batch_norm_of("batch_norm: a vector", {4}, 4, 4, 4, {}, Kind::shape, {"[4]", "two axes"}),
      batch_norm_of("batch_norm: gamma of another length", {5, 4}, 3, 4, 4, {}, Kind::shape,
                    {"gamma", "[3]", "[5, 4]", "[4]"}),
      batch_norm_of("batch_norm: beta of another length", {2, 3, 3, 4}, 4, 5, 4, {}, Kind::shape,
                    {"beta", "[5]", "[2, 3, 3, 4]"}),
      batch_norm_of("batch_norm: statistics of another length", {5, 4}, 4, 4, 6, {}, Kind::shape,
                    {"running_mean", "[6]", "[5, 4]"}),
      batch_norm_of("batch_norm: one value per channel in training", {1, 4}, 4, 4, 4, {},
                    Kind::value, {"[1, 4]", "larger batch", "training = false"}),
      batch_norm_of("batch_norm: empty batch in training", {0, 4}, 4, 4, 4, {}, Kind::value,
                    {"[0, 4]"}),
      batch_norm_of("batch_norm: eps of 0", {5, 4}, 4, 4, 4, {.eps = 0}, Kind::value, {"eps"}),
      batch_norm_of("batch_norm: momentum above 1", {5, 4}, 4, 4, 4, {.momentum = 1.5}, Kind::value,
                    {"momentum", "1.5"}),
      {"batch_norm: x is undefined",
       [] {
         BatchNormStats<float> stats(4);
         batch_norm(Variable<float>(), Variable<float>(), Variable<float>(), stats, {});
       },
       Kind::value,
       {"batch_norm", "x is undefined"}},
  };
}

}  // namespace misuse
