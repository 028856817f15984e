#include "tools/xgrad/target.hpp"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace xgrad::command {
namespace {

constexpr double validation_fraction = 1.0 / 6;
constexpr Index checks_per_epoch = 5;

datasets::ImageSet take_validation(datasets::ImageSet& images, std::uint64_t seed) {
  datasets::Split split = datasets::split(images, validation_fraction, seed);
  images = std::move(split.train);
  return std::move(split.validation);
}

}  // namespace

std::unique_ptr<optim::Ema<float>> average_of(const nn::Module<float>& model, double decay) {
  if (decay == 0) return nullptr;
  std::vector<Tensor<float>> buffers;
  for (const auto& [path, buffer] : model.named_buffers())
    if (!path.ends_with("num_batches_tracked")) buffers.push_back(buffer);
  return std::make_unique<optim::Ema<float>>(model.parameters(), std::move(buffers), decay);
}

Target::Target(datasets::ImageSet& images, double accuracy, std::uint64_t seed)
    : validation_(take_validation(images, seed)), train_count_(images.count), accuracy_(accuracy) {}

bool Target::due(Index before, Index after) const {
  const auto passed = [&](Index seen) { return seen * checks_per_epoch / train_count_; };
  return passed(after) > passed(before) && 2 * passed(after) >= checks_per_epoch;
}

bool Target::reached(nn::Module<float>& model, optim::Ema<float>* ema,
                     const datasets::PerChannel& mean, const datasets::PerChannel& deviation) {
  std::optional<optim::EmaApplied<float>> averaged;
  if (ema != nullptr) averaged.emplace(*ema);
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
