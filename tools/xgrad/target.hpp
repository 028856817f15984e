#pragma once
// --target-accuracy of xgrad train mnist and cifar10: when training may end.

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <datasets/image_set.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/optim/ema.hpp>

#include "tools/xgrad/image_run.hpp"

namespace xgrad::command {

/// An accuracy to reach on the validation images, and what the model reached so far. The test
/// images play no part.
class Target {
 public:
  /// `validation` must outlive this; `train_count` images are trained on. `accuracy` in percent.
  Target(const datasets::ImageSet& validation, Index train_count, double accuracy)
      : validation_(validation), train_count_(train_count), accuracy_(accuracy) {}

  /// Measures the model as it will be left if training ends now, and tells whether it may end.
  bool reached(nn::Module<float>& model, optim::Ema<float>* ema, const datasets::PerChannel& mean,
               const datasets::PerChannel& deviation);

  /// Goes on from what was measured before.
  void restore(double accuracy) { last_ = Evaluation{.accuracy = accuracy}; }

  /// Whether reached() is worth its time after a step that brought the images trained on from
  /// `before` to `after`: it is once per fifth of an epoch, but not in the first half epoch.
  bool due(Index before, Index after) const;

  double accuracy() const { return accuracy_; }
  bool is_reached() const { return last_ && last_->accuracy >= accuracy_; }
  /// Percent at the last measurement; nothing before the first.
  std::optional<double> measured() const;
  Index validation_images() const { return validation_.count; }
  /// ", validation 98.96 %" once there is a measurement: for a line of progress.
  std::string note() const;

 private:
  const datasets::ImageSet& validation_;
  Index train_count_;
  double accuracy_;
  std::optional<Evaluation> last_{};
};

/// What the result of the run says of it: target_accuracy, target_reached, validation_accuracy,
/// validation_images.
nlohmann::ordered_json to_json(const Target& target);

/// Tells on stderr that training ended before the target was reached; the exit code of that.
int tell_missed(const Target& target, Index epochs);

}  // namespace xgrad::command
