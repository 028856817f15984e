#pragma once
// The training loop of a character model: from its configuration to the best weights, with all that
// is needed to go on where it stopped.

#include <optional>
#include <vector>

#include <datasets/text_streams.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/train/interrupt.hpp>
#include <xgrad/train/progress.hpp>

#include "tools/xgrad/checkpoint_clock.hpp"
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
  double best_loss() const { return best_loss_; }
  Index characters() const { return step_ * streams_.characters_per_window(); }
  double seconds() const { return seconds_; }
  Index parameter_count() const { return model_->parameter_count(); }

 private:
  double step(train::Progress& progress);
  void finish_epoch();
  std::string write_sample();
  void probe_gradients(Index epoch);
  train::Checkpoint checkpoint() const;
  void restore(const RunWriter& run);
  void save();

  TextRunConfig config_;
  const datasets::TextSplit& text_;
  RunWriter* run_;

  // What a checkpoint keeps.
  std::unique_ptr<models::CharRnn<float>> model_;
  std::unique_ptr<optim::Optimizer<float>> optimizer_;
  datasets::TextStreams streams_;
  RecurrentState<float> state_{};
  Index step_ = 0;        ///< windows trained on
  double loss_sum_ = 0;   ///< of this epoch's steps
  Index clipped_ = 0;     ///< of this epoch's steps
  double best_loss_;
  StateDict<float> best_{};

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
