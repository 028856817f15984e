#include "tools/xgrad/image_training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/sgd.hpp>

#include "tools/xgrad/average.hpp"
#include "tools/xgrad/command.hpp"
#include "tools/xgrad/explain_loss.hpp"
#include "tools/xgrad/image_task.hpp"
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
                                  .deviation = config.deviation,
                                  .rank = ranks().rank(),
                                  .ranks = ranks().size()};
  if (config.augment) options.augmentation = image_task(config.task).augmentation;
  return options;
}

// "mean", "mean 1", "mean 2": what a checkpoint calls the numbers of the channels.
std::string of_channel(const char* name, std::size_t channel) {
  return channel == 0 ? name : fmt::format("{} {}", name, channel);
}

void put(train::Checkpoint& checkpoint, const char* name, const datasets::PerChannel& values) {
  for (std::size_t c = 0; c < values.values().size(); ++c)
    checkpoint.put(of_channel(name, c), static_cast<double>(values.values()[c]));
}

bool holds(const train::Checkpoint& checkpoint, const char* name,
           const datasets::PerChannel& values) {
  for (std::size_t c = 0; c < values.values().size(); ++c)
    if (checkpoint.number(of_channel(name, c)) != static_cast<double>(values.values()[c]))
      return false;
  return true;
}

}  // namespace

ImageRecipe recipe_of(const std::string& model) {
  if (model.starts_with("rows_")) return {.adam = true, .lr = 0.004, .clip = 1};
  return {};
}

ImageTraining::ImageTraining(const ImageRunConfig& config, Index checkpoint_every,
                             const datasets::ImageSet& images, const datasets::ImageSet& validation,
                             Target* target, RunWriter* run)
    : config_(config),
      validation_(validation),
      target_(target),
      run_(run),
      model_(make_model(config)),
      gradients_(ranks().gradients_of(*model_, config.sync_batch_norm)),
      optimizer_(make_optimizer(config, *model_)),
      ema_(average_of(*model_, config.ema)),
      loader_(images, loader_options(config)),
      steps_per_epoch_((loader_.batches_per_epoch() + config.accumulate - 1) / config.accumulate),
      schedule_(schedule_of(config, config.epochs * steps_per_epoch_)),
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
  return step_ == config_.epochs * steps_per_epoch_ ||
         (target_ != nullptr && target_->is_reached()) || is_out_of_patience();
}

int ImageTraining::train(const train::CatchInterrupt& interrupt) {
  while (!is_over()) {
    const Index epoch = step_ / steps_per_epoch_, count = loader_.images().count;
    train::Progress progress(fmt::format("epoch {}/{}", epoch + 1, config_.epochs), count,
                             progress_display("images"), done_);
    const auto note = [&] {
      return fmt::format("loss {:.3f}{}", loss_sum_ / static_cast<double>(done_),
                         target_ != nullptr ? target_->note() : "");
    };
    loader_.set_position({epoch, done_});
    while (done_ < count) {
      const auto start = Clock::now();
      const Index before = images_;
      const double norm = step(progress);
      const bool met = target_ != nullptr && target_->due(before, images_) &&
                       target_->reached(*model_, ema_.get(), config_.mean, config_.deviation);
      seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
      progress.update(done_, note());
      if (run_ != nullptr && is_logged(step_, steps_per_epoch_)) log_step(norm);
      if (met || done_ == count) break;
      if (const int signal = signal_on_any_rank(interrupt); signal != 0) {
        progress.finish(note());
        if (best_.weights().empty()) save_weights();
        save();
        return signal;
      }
      if (clock_.due(step_)) save();
    }
    check_weights(*model_, step_);
    const std::optional<Evaluation> validated = validate();
    progress.finish(note() + (validated ? fmt::format(", validation loss {:.4f}, {:.2f} %",
                                                      validated->loss, validated->accuracy)
                                        : ""));
    finish_epoch(epoch, validated);
  }
  return 0;
}

// One step of the optimizer, by config.accumulate batches or what the epoch has left; returns the
// norm of the gradient before clipping.
double ImageTraining::step(train::Progress& progress) {
  const Index rows = std::min(config_.accumulate * config_.batch_size,
                              loader_.images().count - done_);  // of the step
  use_dropout_of_rank(config_.seed, step_);
  optimizer_->zero_grad();
  for (const Index end = done_ + rows; done_ < end;) {
    const auto batch = loader_.next();
    add_gradients(*batch, rows, done_ + batch->size == end, progress);
  }
  double norm = 0;
  if (clip_ > 0) norm = optim::clip_grad_norm(parameters_, clip_);
  optimizer_->set_lr_factor(schedule_(step_++));
  optimizer_->step();
  if (ema_) ema_->update();
  return norm;
}

// Each batch has its share of the step's mean, so that a smaller one weighs less.
void ImageTraining::add_gradients(const datasets::Batch& batch, Index rows_of_step, bool last,
                                  train::Progress& progress) {
  const auto rows = static_cast<Index>(batch.labels.size());  // of this rank
  const auto loss_of_batch = [&] {
    return cross_entropy((*model_)(Variable<float>(batch.images)), batch.labels,
                         {.label_smoothing = config_.label_smoothing});
  };
  double loss_sum = 0;
  if (rows > 0) {
    const Variable<float> loss = loss_of_batch();
    if (!std::isfinite(loss.item())) {
      progress.clear();
      gradients_->leave();
      explain_loss(*model_, step_, loss.item(), loss_of_batch);
    }
    gradients_->backward(loss, static_cast<double>(rows) / static_cast<double>(rows_of_step), last);
    loss_sum = static_cast<double>(rows) * loss.item();
  } else {
    gradients_->backward_without_rows(batch.images, last);
  }
  loss_sum_ += ranks().sum(loss_sum);
  done_ += batch.size;
  images_ += batch.size;
}

// Nothing where no images are set aside for it.
std::optional<Evaluation> ImageTraining::validate() {
  if (config_.validation == 0) return std::nullopt;
  const Averaged averaged(ema_.get());
  const Evaluation found = evaluate(*model_, validation_, config_.mean, config_.deviation);
  if (config_.patience > 0) best_.add(found.loss, *model_);
  return found;
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

void ImageTraining::finish_epoch(Index epoch, const std::optional<Evaluation>& validated) {
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
    if (validated) {
      line["val_loss"] = validated->loss;
      line["validation_accuracy"] = validated->accuracy;
    }
    run_->log(line);
  }
  loss_sum_ = 0;
  done_ = 0;
  if (config_.patience == 0 || best_.lowest().epochs_since() == 0) save_weights();
  save();
}

nn::Module<float>& ImageTraining::result() {
  if (!best_.weights().empty())
    model_->load_state_dict(best_.weights());
  else if (ema_ && !ema_->applied())
    ema_->apply();
  return *model_;
}

void ImageTraining::save_weights() {
  if (run_ == nullptr) return;
  const Averaged averaged(ema_.get());
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
  if (config_.patience > 0) best_.put(now);
  now.put("step", step_);
  now.put("images", images_);
  now.put("images of this epoch", done_);
  now.put("loss sum", loss_sum_);
  put(now, "mean", config_.mean);
  put(now, "deviation", config_.deviation);
  if (target_ != nullptr && target_->measured())
    now.put("validation accuracy", *target_->measured());
  now.put_random_streams();
  return now;
}

void ImageTraining::restore(const RunWriter& run) {
  const train::Checkpoint& then = run.checkpoint();
  if (!holds(then, "mean", config_.mean) || !holds(then, "deviation", config_.deviation))
    throw IoError(
        fmt::format("{}: was trained on other images than those in {}: give the same with --data",
                    run.folder().string(), config_.source));
  model_->load_state_dict(then.tensors("model"));
  optimizer_->load_state_dict(then.tensors("optimizer"));
  if (ema_) ema_->load_state_dict(then.tensors("average"));
  if (config_.patience > 0) best_.restore(then);
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
