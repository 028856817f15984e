#include "tools/xgrad/image_training.hpp"

#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/sgd.hpp>

#include "tools/xgrad/explain_loss.hpp"
#include "tools/xgrad/report_filters.hpp"
#include "tools/xgrad/training_metrics.hpp"

namespace xgrad::command {
namespace {

using Clock = std::chrono::steady_clock;

optim::Schedule schedule_of(const ImageRunConfig& config, Index steps) {
  if (config.target_accuracy > 0) return optim::one_cycle(steps, {.pct_start = 0.05});
  return optim::one_cycle(steps);
}

std::unique_ptr<optim::Optimizer<float>> make_optimizer(const ImageRunConfig& config,
                                                        const nn::Module<float>& model) {
  if (recipe_of(config.model).adam)
    return std::make_unique<optim::AdamW<float>>(
        model.parameters(),
        optim::AdamWOptions{.lr = config.lr, .weight_decay = config.weight_decay});
  return std::make_unique<optim::SGD<float>>(
      model.parameters(), optim::SGDOptions{.lr = config.lr,
                                            .momentum = config.momentum,
                                            .nesterov = config.momentum > 0,
                                            .weight_decay = config.weight_decay});
}

datasets::LoaderOptions loader_options(const ImageRunConfig& config) {
  datasets::LoaderOptions options{.batch_size = config.batch_size,
                                  .seed = config.seed,
                                  .mean = config.mean,
                                  .deviation = config.deviation};
  if (config.augment) options.augmentation.emplace();
  return options;
}

}  // namespace

ImageRecipe recipe_of(const std::string& model) {
  if (model.starts_with("rows_")) return {.adam = true, .lr = 0.004, .clip = 1};
  return {};
}

ImageTraining::ImageTraining(const ImageRunConfig& config, Index checkpoint_every,
                             const datasets::ImageSet& images, Target* target, RunWriter* run)
    : config_(config),
      target_(target),
      run_(run),
      model_(make_model(config)),
      optimizer_(make_optimizer(config, *model_)),
      ema_(average_of(*model_, config.ema)),
      loader_(images, loader_options(config)),
      schedule_(schedule_of(config, config.epochs * loader_.batches_per_epoch())),
      parameters_(model_->parameters()),
      clip_(recipe_of(config.model).clip),
      clock_(checkpoint_every) {
  model_->train();
  if (run != nullptr && run->resumed())
    restore(*run);
  else
    show_filters();  // before training
}

bool ImageTraining::is_over() const {
  return step_ == config_.epochs * loader_.batches_per_epoch() ||
         (target_ != nullptr && target_->is_reached());
}

int ImageTraining::train(const train::CatchInterrupt& interrupt) {
  while (!is_over()) {
    const Index epoch = step_ / loader_.batches_per_epoch(), count = loader_.images().count;
    train::Progress progress(fmt::format("epoch {}/{}", epoch + 1, config_.epochs), count,
                             train::progress_on_stderr("images"), done_);
    const auto note = [&] {
      return fmt::format("loss {:.3f}{}", loss_sum_ / static_cast<double>(done_),
                         target_ != nullptr ? target_->note() : "");
    };
    auto since = Clock::now();
    for (const datasets::Batch& batch : loader_.epoch(epoch, done_)) {
      const Index before = images_;
      const double norm = step(batch, progress);
      const bool met = target_ != nullptr && target_->due(before, images_) &&
                       target_->reached(*model_, ema_.get(), config_.mean, config_.deviation);
      seconds_ += std::chrono::duration<double>(Clock::now() - since).count();
      progress.update(done_, note());
      if (run_ != nullptr && is_logged(step_, loader_.batches_per_epoch())) log_step(norm);
      if (met || done_ == count) break;
      if (interrupt.requested()) {
        progress.finish(note());
        save_weights();
        save();
        return interrupt.signal();
      }
      if (clock_.due(step_)) save();
      since = Clock::now();
    }
    progress.finish(note());
    finish_epoch(epoch);
  }
  return 0;
}

// One step; returns the norm of the gradient before clipping.
double ImageTraining::step(const datasets::Batch& batch, train::Progress& progress) {
  const auto rows = static_cast<Index>(batch.labels.size());
  const auto loss_of_batch = [&] {
    return cross_entropy((*model_)(Variable<float>(batch.images)), batch.labels,
                         {.label_smoothing = config_.label_smoothing});
  };
  const Variable<float> loss = loss_of_batch();
  if (!std::isfinite(loss.item())) {
    progress.clear();
    explain_loss(*model_, step_, loss.item(), loss_of_batch);
  }
  optimizer_->zero_grad();
  loss.backward();
  double norm = 0;
  if (clip_ > 0) norm = optim::clip_grad_norm(parameters_, clip_);
  optimizer_->set_lr_factor(schedule_(step_++));
  optimizer_->step();
  if (ema_) ema_->update();
  loss_sum_ += static_cast<double>(rows) * loss.item();
  done_ += rows;
  images_ += rows;
  return norm;
}

void ImageTraining::log_step(double norm) {
  // Where nothing is clipped, nobody has taken the norm yet.
  if (clip_ == 0) norm = optim::clip_grad_norm(parameters_, std::numeric_limits<double>::infinity());
  nlohmann::ordered_json line{{"kind", "step"},
                              {"step", step_},
                              {"seconds", seconds_},
                              {"images", images_},
                              {"loss", loss_sum_ / static_cast<double>(done_)},
                              {"lr", optimizer_->lr()},
                              {"gradient_norm", norm},
                              {"gradient_norms", gradient_norms(*model_)}};
  if (target_ != nullptr && target_->measured())
    line["validation_accuracy"] = *target_->measured();
  run_->log(line);
}

void ImageTraining::finish_epoch(Index epoch) {
  check_weights(*model_, step_);
  if (run_ != nullptr) {
    nlohmann::ordered_json line{{"kind", "epoch"},
                                {"step", step_},
                                {"epoch", epoch + 1},
                                {"seconds", seconds_},
                                {"images", images_},
                                {"train_loss", loss_sum_ / static_cast<double>(done_)}};
    // The step that met the target may have no line of its own.
    if (target_ != nullptr && target_->measured())
      line["validation_accuracy"] = *target_->measured();
    run_->log(line);
  }
  loss_sum_ = 0;
  done_ = 0;
  save_weights();
  save();
}

nn::Module<float>& ImageTraining::result() {
  if (ema_ && !ema_->applied()) ema_->apply();
  return *model_;
}

void ImageTraining::save_weights() {
  if (run_ == nullptr) return;
  std::optional<optim::EmaApplied<float>> averaged;
  if (ema_) averaged.emplace(*ema_);
  run_->save_weights(model_->state_dict(), step_);
  show_filters();
}

// To TensorBoard.
void ImageTraining::show_filters() {
  if (run_ == nullptr || !run_->writes_events()) return;
  if (const auto picture = filters_picture(*model_)) run_->log_picture("filters", step_, *picture);
}

void ImageTraining::save() {
  if (run_ == nullptr) return;
  run_->save(checkpoint(), step_);
  clock_.saved();
}

train::Checkpoint ImageTraining::checkpoint() const {
  train::Checkpoint now;
  now.put("model", model_->state_dict());
  now.put("optimizer", optimizer_->state_dict());
  if (ema_) now.put("average", ema_->state_dict());
  now.put("step", step_);
  now.put("images", images_);
  now.put("images of this epoch", done_);
  now.put("loss sum", loss_sum_);
  now.put("mean", static_cast<double>(config_.mean));
  now.put("deviation", static_cast<double>(config_.deviation));
  if (target_ != nullptr && target_->measured())
    now.put("validation accuracy", *target_->measured());
  now.put_random_streams();
  return now;
}

void ImageTraining::restore(const RunWriter& run) {
  const train::Checkpoint& then = run.checkpoint();
  if (then.number("mean") != static_cast<double>(config_.mean) ||
      then.number("deviation") != static_cast<double>(config_.deviation))
    throw IoError(
        fmt::format("{}: was trained on other images than those in {}: give the same with --data",
                    run.folder().string(), config_.source));
  model_->load_state_dict(then.tensors("model"));
  optimizer_->load_state_dict(then.tensors("optimizer"));
  if (ema_) ema_->load_state_dict(then.tensors("average"));
  step_ = then.integer("step");
  images_ = then.integer("images");
  done_ = then.integer("images of this epoch");
  loss_sum_ = then.number("loss sum");
  if (target_ != nullptr && then.has("validation accuracy"))
    target_->restore(then.number("validation accuracy"));
  then.restore_random_streams();
  for (const auto& line : run.earlier_lines()) seconds_ = line.value("seconds", seconds_);
}

}  // namespace xgrad::command
