#include "tools/xgrad/target.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "tools/xgrad/average.hpp"

namespace xgrad::command {
namespace {

constexpr Index checks_per_epoch = 5;

}  // namespace

bool Target::due(Index before, Index after) const {
  const auto passed = [&](Index seen) { return seen * checks_per_epoch / train_count_; };
  return passed(after) > passed(before) && 2 * passed(after) >= checks_per_epoch;
}

bool Target::reached(nn::Module<float>& model, optim::Ema<float>* ema,
                     const datasets::PerChannel& mean, const datasets::PerChannel& deviation) {
  const Averaged averaged(ema);
  last_ = evaluate(model, validation_, mean, deviation);
  return is_reached();
}

std::optional<double> Target::measured() const {
  if (!last_) return std::nullopt;
  return last_->accuracy;
}

std::string Target::note() const {
  return last_ ? fmt::format(", validation {:.2f} %", last_->accuracy) : "";
}

nlohmann::ordered_json to_json(const Target& target) {
  return {{"target_accuracy", target.accuracy()},
          {"target_reached", target.is_reached()},
          {"validation_accuracy", target.measured().value_or(0)},
          {"validation_images", target.validation_images()}};
}

int tell_missed(const Target& target, Index epochs) {
  fmt::print(
      stderr,
      "xgrad: the target of {} % on {} validation images was not reached in {} epoch{}: {:.2f} "
      "%; try more --epochs\n",
      target.accuracy(), target.validation_images(), epochs, epochs == 1 ? "" : "s",
      target.measured().value_or(0));
  return 1;
}

}  // namespace xgrad::command
