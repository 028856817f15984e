#pragma once
// The training loop of a character model: from its configuration to the best weights, with all that
// is needed to go on where it stopped.

#include <optional>
#include <vector>

#include <datasets/text_streams.hpp>
#include <xgrad/optim/ema.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/train/interrupt.hpp>
#include <xgrad/train/progress.hpp>

#include "tools/xgrad/best_epoch.hpp"
#include "tools/xgrad/checkpoint_clock.hpp"
#include "tools/xgrad/ranks.hpp"
#include "tools/xgrad/run_folder.hpp"
#include "tools/xgrad/text_run.hpp"

namespace xgrad::command {

/// A point of the learning curve: after an epoch.
struct TextPoint {
  Index epoch = 0;
  double seconds = 0;  ///< of training, without evaluation
  Index characters = 0;
  double train_loss = 0, val_loss = 0;  ///< nats per character
  double clipped = 0;                   ///< share of the epoch's steps
};
nlohmann::ordered_json to_json(const TextPoint& point);

class TextTraining {
 public:
  /// `train` and `validation` must outlive this. `run` may be null: then nothing is kept. If it
  /// goes on from a checkpoint, so does this.
  TextTraining(const TextRunConfig& config, Index checkpoint_every, const datasets::TextSplit& text,
               RunWriter* run);

  /// To the end, or until a signal came, which it returns; else 0.
  int train(const train::CatchInterrupt& interrupt);

  const std::vector<TextPoint>& curve() const { return curve_; }
  double best_loss() const { return best_.lowest().loss(); }
  Index best_epoch() const { return epochs() - best_.lowest().epochs_since(); }  ///< from 1 on
  Index epochs() const { return step_ / steps_per_epoch_; }
  /// Whether there is nothing left to train.
  bool is_over() const;
  bool is_out_of_patience() const { return best_.lowest().exhausts(config_.patience); }
  Index characters() const { return windows() * streams_.characters_per_window(); }
  double seconds() const { return seconds_; }
  Index parameter_count() const { return model_->parameter_count(); }

 private:
  double step(train::Progress& progress);
  void add_gradients(Index windows_of_step, bool last, train::Progress& progress);
  void log_step(double norm, double mean_loss);
  void finish_epoch();
  // Trained on, in all epochs.
  Index windows() const {
    const datasets::TextPosition at = streams_.position();
    return at.epoch * streams_.windows_per_epoch() + at.window;
  }
  std::string write_sample();
  void probe_gradients(Index epoch);
  train::Checkpoint checkpoint() const;
  void restore(const RunWriter& run);
  void save();
  void save_weights();

  TextRunConfig config_;
  const datasets::TextSplit& text_;
  RunWriter* run_;

  // What a checkpoint keeps.
  std::unique_ptr<models::CharRnn<float>> model_;
  std::unique_ptr<StepGradients> gradients_;  ///< nothing of which is kept
  std::unique_ptr<optim::Optimizer<float>> optimizer_;
  std::unique_ptr<optim::Ema<float>> ema_;  ///< may be null
  datasets::TextStreams streams_;
  RecurrentState<float> state_{};  ///< of this rank's streams
  Index step_ = 0;       ///< of the optimizer
  double loss_sum_ = 0;  ///< of this epoch's windows
  Index clipped_ = 0;    ///< of this epoch's steps
  BestEpoch best_{};

  Index steps_per_epoch_;
  optim::Schedule schedule_;
  std::vector<Variable<float>> parameters_;
  std::vector<TextPoint> curve_{};
  double seconds_ = 0;  ///< of training
  double clip_rate_ = 0;
  CheckpointClock clock_;
  std::vector<train::RecurrentProbe> probes_{};  ///< the first and the latest
  std::string probe_lines_{};                    ///< all of them
};

}  // namespace xgrad::command
