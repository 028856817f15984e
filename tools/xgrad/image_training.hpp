#pragma once
// The training loop of an image classifier: from its configuration to its weights, with all that is
// needed to go on where it stopped.

#include <memory>
#include <optional>

#include <datasets/loader.hpp>
#include <xgrad/optim/ema.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/train/interrupt.hpp>
#include <xgrad/train/progress.hpp>

#include "tools/xgrad/best_epoch.hpp"
#include "tools/xgrad/checkpoint_clock.hpp"
#include "tools/xgrad/image_run.hpp"
#include "tools/xgrad/ranks.hpp"
#include "tools/xgrad/run_folder.hpp"
#include "tools/xgrad/target.hpp"

namespace xgrad::command {

/// How a model is trained unless the options say otherwise: SGD with momentum for the CNNs; the
/// recurrent models want Adam, and their gradients clipped.
struct ImageRecipe {
  bool adam = false;
  double lr = 0;   ///< 0: the task's
  double clip = 0;  ///< largest norm of the gradient; 0: any
};
ImageRecipe recipe_of(const std::string& model);

class ImageTraining {
 public:
  /// `images`, `validation` and `target` must outlive this. With config.validation each epoch is
  /// measured on `validation`. `target` may be null: then all epochs are trained, if
  /// config.patience does not end; so may `run`: then nothing is kept. If it goes on from a
  /// checkpoint, so does this.
  ImageTraining(const ImageRunConfig& config, Index checkpoint_every,
                const datasets::ImageSet& images, const datasets::ImageSet& validation,
                Target* target, RunWriter* run);

  /// To the end, or until a signal came, which it returns; else 0.
  int train(const train::CatchInterrupt& interrupt);

  /// The model that results: that of the best epoch with config.patience, else the last; the
  /// average of the weights if there is one. Training is over then.
  nn::Module<float>& result();
  Index steps() const { return step_; }
  Index images() const { return images_; }  ///< trained on
  Index epochs() const { return step_ / steps_per_epoch_; }
  /// With config.patience: the number of the epoch that results, from 1 on; and whether none after
  /// it was worth the wait.
  Index best_epoch() const { return epochs() - best_.lowest().epochs_since(); }
  /// Whether there is nothing left to train.
  bool is_over() const;
  bool is_out_of_patience() const { return best_.lowest().exhausts(config_.patience); }
  double seconds() const { return seconds_; }

 private:
  double step(train::Progress& progress);
  void add_gradients(const datasets::Batch& batch, Index rows_of_step, bool last,
                     train::Progress& progress);
  void log_step(double norm);
  std::optional<Evaluation> validate();
  void finish_epoch(Index epoch, const std::optional<Evaluation>& validated);
  void save();
  void save_weights();
  void show_filters();
  train::Checkpoint checkpoint() const;
  void restore(const RunWriter& run);

  ImageRunConfig config_;
  const datasets::ImageSet& validation_;
  Target* target_;
  RunWriter* run_;

  // What a checkpoint keeps.
  std::unique_ptr<nn::Module<float>> model_;
  std::unique_ptr<StepGradients> gradients_;  ///< nothing of which is kept
  std::unique_ptr<optim::Optimizer<float>> optimizer_;
  std::unique_ptr<optim::Ema<float>> ema_;  ///< may be null
  datasets::Loader loader_;
  Index step_ = 0;       ///< of the optimizer
  Index images_ = 0;     ///< trained on
  double loss_sum_ = 0;  ///< of this epoch's images
  Index done_ = 0;       ///< this epoch's images so far
  BestEpoch best_{};     ///< with config.patience

  Index steps_per_epoch_;
  optim::Schedule schedule_;
  std::vector<Variable<float>> parameters_;
  double clip_;
  double seconds_ = 0;
  CheckpointClock clock_;
};

}  // namespace xgrad::command
