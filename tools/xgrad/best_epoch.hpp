#pragma once
// Early stopping, for all that is trained: which epoch was the best, and whether to wait for a
// better one.

#include <limits>

#include <xgrad/nn/module.hpp>
#include <xgrad/train/checkpoint.hpp>

namespace xgrad::command {

/// The lowest validation loss so far, and how many epochs have passed without a lower one.
class LowestLoss {
 public:
  /// Takes the next epoch's loss; whether it is the lowest so far.
  bool add(double loss) {
    const bool lower = loss < loss_;
    if (lower) loss_ = loss;
    since_ = lower ? 0 : since_ + 1;
    return lower;
  }
  double loss() const { return loss_; }
  Index epochs_since() const { return since_; }
  /// Whether training ends here, with --patience; 0 waits for ever.
  bool exhausts(Index patience) const { return patience > 0 && since_ >= patience; }

 private:
  friend class BestEpoch;
  double loss_ = std::numeric_limits<double>::infinity();
  Index since_ = 0;
};

/// The same with the weights of the best epoch, as a checkpoint keeps them.
class BestEpoch {
 public:
  /// Takes the next epoch's loss and, if it is the lowest so far, a copy of the model's weights;
  /// whether it is.
  bool add(double loss, const nn::Module<float>& model) {
    const bool best = lowest_.add(loss);
    if (best) weights_ = model.state_dict();
    return best;
  }
  const LowestLoss& lowest() const { return lowest_; }
  /// Empty before the first epoch.
  const StateDict<float>& weights() const { return weights_; }

  void put(train::Checkpoint& checkpoint) const {
    checkpoint.put("best", weights_);
    checkpoint.put("best loss", lowest_.loss_);
    checkpoint.put("epochs since the best", lowest_.since_);
  }
  void restore(const train::Checkpoint& checkpoint) {
    weights_ = checkpoint.tensors("best");
    lowest_.loss_ = checkpoint.number("best loss");
    // Earlier versions never stopped for it.
    if (checkpoint.has("epochs since the best"))
      lowest_.since_ = checkpoint.integer("epochs since the best");
  }

 private:
  LowestLoss lowest_{};
  StateDict<float> weights_{};
};

}  // namespace xgrad::command
