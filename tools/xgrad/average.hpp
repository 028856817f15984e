#pragma once
// --ema, for all that is trained: the average of the weights over the steps.

#include <memory>
#include <optional>

#include <xgrad/nn/module.hpp>
#include <xgrad/optim/ema.hpp>

namespace xgrad::command {

/// The average of the model's weights, and of what batch norm normalises by in evaluation. Counts
/// among the buffers are no quantities to be averaged and stay as they are. Nothing for a decay
/// of 0.
inline std::unique_ptr<optim::Ema<float>> average_of(const nn::Module<float>& model, double decay) {
  if (decay == 0) return nullptr;
  std::vector<Tensor<float>> buffers;
  for (const auto& [path, buffer] : model.named_buffers())
    if (!path.ends_with("num_batches_tracked")) buffers.push_back(buffer);
  return std::make_unique<optim::Ema<float>>(model.parameters(), std::move(buffers), decay);
}

/// The model is its average while this lives, if there is one.
class Averaged {
 public:
  explicit Averaged(optim::Ema<float>* ema) {
    if (ema != nullptr) applied_.emplace(*ema);
  }

 private:
  std::optional<optim::EmaApplied<float>> applied_{};
};

}  // namespace xgrad::command
