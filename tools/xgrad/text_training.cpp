#include "tools/xgrad/text_training.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <numbers>

#include <models/char_rnn/sampling.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/sgd.hpp>

#include "tools/xgrad/average.hpp"
#include "tools/xgrad/command.hpp"
#include "tools/xgrad/explain_loss.hpp"
#include "tools/xgrad/sampler.hpp"
#include "tools/xgrad/stream_state.hpp"
#include "tools/xgrad/training_metrics.hpp"

namespace xgrad::command {
namespace {

using Clock = std::chrono::steady_clock;

std::unique_ptr<optim::Optimizer<float>> make_optimizer(const TextRunConfig& config,
                                                        const models::CharRnn<float>& model) {
  if (config.optimizer == "adam")
    return std::make_unique<optim::Adam<float>>(model.parameters(),
                                                optim::AdamOptions{.lr = config.lr});
  return std::make_unique<optim::SGD<float>>(
      model.parameters(), optim::SGDOptions{.lr = config.lr, .momentum = 0.9, .nesterov = true});
}

optim::Schedule make_schedule(const TextRunConfig& config, Index steps) {
  if (config.schedule == "one-cycle") return optim::one_cycle(steps);
  if (config.schedule == "cosine") return optim::cosine(steps);
  return [](Index) { return 1.0; };
}

double bits(double nats) { return nats / std::numbers::ln2; }

}  // namespace

nlohmann::ordered_json to_json(const TextPoint& point) {
  return {{"epoch", point.epoch},           {"seconds", point.seconds},
          {"characters", point.characters}, {"train_loss", point.train_loss},
          {"val_loss", point.val_loss},     {"clipped", point.clipped}};
}

TextTraining::TextTraining(const TextRunConfig& config, Index checkpoint_every,
                           const datasets::TextSplit& text, RunWriter* run)
    : config_(config),
      text_(text),
      run_(run),
      model_(make_model(config)),
      gradients_(ranks().gradients_of(*model_, false)),
      optimizer_(make_optimizer(config, *model_)),
      ema_(average_of(*model_, config.ema)),
      streams_(text.train, {.batch_size = config.batch_size,
                            .seq_len = config.seq_len,
                            .rank = ranks().rank(),
                            .ranks = ranks().size()}),
      steps_per_epoch_((streams_.windows_per_epoch() + config.accumulate - 1) / config.accumulate),
      schedule_(make_schedule(config, config.epochs * steps_per_epoch_)),
      parameters_(model_->parameters()),
      clock_(checkpoint_every) {
  model_->train();
  probe_gradients(0);  // of the initial weights, also where the run goes on
  if (run != nullptr && run->resumed()) restore(*run);
}

bool TextTraining::is_over() const {
  return step_ == config_.epochs * steps_per_epoch_ || is_out_of_patience();
}

int TextTraining::train(const train::CatchInterrupt& interrupt) {
  const Index per_epoch = streams_.windows_per_epoch(),
              per_window = streams_.characters_per_window();
  while (!is_over()) {
    const Index epoch = epochs(), end = (epoch + 1) * steps_per_epoch_, first = epoch * per_epoch;
    train::Progress progress(fmt::format("epoch {}/{}", epoch + 1, config_.epochs),
                             per_epoch * per_window, progress_display("chars"),
                             (windows() - first) * per_window);
    while (step_ < end) {
      const auto start = Clock::now();
      const double norm = step(progress);
      seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
      const double mean = loss_sum_ / static_cast<double>(windows() - first);
      progress.update((windows() - first) * per_window,
                      fmt::format("loss {:.3f}, {:.3f} bits", mean, bits(mean)));
      if (run_ != nullptr && is_logged(step_, steps_per_epoch_)) log_step(norm, mean);
      if (const int signal = signal_on_any_rank(interrupt); signal != 0) {
        progress.finish(fmt::format("loss {:.3f}", mean));
        if (best_.weights().empty()) save_weights();
        save();
        return signal;
      }
      if (step_ < end && clock_.due(step_)) save();
    }
    progress.finish(fmt::format("loss {:.3f}", loss_sum_ / static_cast<double>(per_epoch)));
    finish_epoch();
    probe_gradients(epoch + 1);
    save();
  }
  return 0;
}

// One step of the optimizer, by config.accumulate windows or what the epoch has left; returns the
// norm of the gradient before clipping.
double TextTraining::step(train::Progress& progress) {
  const Index windows =
      std::min(config_.accumulate, streams_.windows_per_epoch() - streams_.position().window);
  use_dropout_of_rank(config_.seed, step_);
  optimizer_->zero_grad();
  for (Index i = 0; i < windows; ++i) add_gradients(windows, i + 1 == windows, progress);
  const double most = config_.clip > 0 ? config_.clip : std::numeric_limits<double>::infinity();
  const double norm = optim::clip_grad_norm(parameters_, most);
  if (norm > most) ++clipped_;
  optimizer_->set_lr_factor(schedule_(step_++));
  optimizer_->step();
  if (ema_) ema_->update();
  return norm;
}

// Each window has its share of the step's mean.
void TextTraining::add_gradients(Index windows_of_step, bool last, train::Progress& progress) {
  const datasets::TextWindow& window = streams_.next();
  if (window.restart) state_ = {};
  const IdSequence characters{window.ids, window.steps, window.batch};
  const RecurrentState<float> before = state_;
  auto result = model_->forward(characters, before);
  const Variable<float> loss = cross_entropy(result.logits, window.targets);
  if (!std::isfinite(loss.item())) {
    progress.clear();
    explain_loss(*model_, step_, loss.item(), [&] {
      cross_entropy(model_->forward(characters, before).logits, window.targets);
    });
  }
  gradients_->backward(loss, window.share() / static_cast<double>(windows_of_step), last);
  state_ = result.state.detach();  // gradients stop at the window's edge
  loss_sum_ += ranks().sum(loss.item() * window.share());
}

void TextTraining::log_step(double norm, double mean_loss) {
  run_->log({{"kind", "step"},
             {"step", step_},
             {"seconds", seconds_},
             {"characters", characters()},
             {"loss", mean_loss},
             {"lr", optimizer_->lr()},
             {"gradient_norm", norm},
             {"gradient_norms", gradient_norms(*model_)}});
}

// Measures the model on the validation text, keeps it if it is the best so far, and shows a sample.
void TextTraining::finish_epoch() {
  const Averaged averaged(ema_.get());
  const TextPoint point{
      .epoch = epochs(),
      .seconds = seconds_,
      .characters = characters(),
      .train_loss = loss_sum_ / static_cast<double>(streams_.windows_per_epoch()),
      .val_loss = evaluate(*model_, text_.validation, config_),
      .clipped = static_cast<double>(clipped_) / static_cast<double>(steps_per_epoch_)};
  loss_sum_ = 0;
  clipped_ = 0;
  clip_rate_ = point.clipped;
  curve_.push_back(point);
  const bool best = best_.add(point.val_loss, *model_);
  if (best && run_ != nullptr) run_->save_weights(best_.weights(), step_);
  remark("validation loss {:.4f} nats, {:.4f} bits per character{}\n", point.val_loss,
         bits(point.val_loss), best ? "" : " (not the best)");
  nlohmann::ordered_json line{{"kind", "epoch"}, {"step", step_}};
  line.update(to_json(point));
  if (config_.sample_length > 0) {
    const std::string sample = write_sample();
    remark("{}\n\n", sample);
    line["sample"] = sample;
  }
  if (run_ != nullptr) run_->log(line);
}

std::string TextTraining::write_sample() {
  RandomStream random(config_.seed, "sample while training");
  Sampler sampler(*model_, config_.vocabulary, {.temperature = 0.8}, random);
  std::string sample;
  for (Index i = 0; i < config_.sample_length; ++i) sample += sampler.next();
  return sample;
}

// Adds a line to RUN/gradients.jsonl and draws RUN/gradients.svg: before training against now.
void TextTraining::probe_gradients(Index epoch) {
  if (config_.probe_steps == 0) return;
  train::RecurrentProbe probed;
  gradients_->apart([&] {
    probed = probe(*model_, text_.validation, config_, config_.probe_steps,
                   epoch == 0 ? "before training" : fmt::format("epoch {}", epoch));
  });
  probed.training_step = step_;
  if (epoch > 0) probed.clip_rate = clip_rate_;
  if (probes_.size() == 2) probes_.pop_back();
  probes_.push_back(probed);
  probe_lines_ += train::to_json_line(probed) + "\n";
  if (run_->resumed() && epoch == 0) return;  // was written before
  run_->write("gradients.jsonl", probe_lines_);
  run_->write("gradients.svg", train::to_svg(probes_, "Gradients through time"));
}

void TextTraining::save_weights() {
  if (run_ == nullptr) return;
  const Averaged averaged(ema_.get());
  run_->save_weights(model_->state_dict(), step_);
}

void TextTraining::save() {
  if (run_ == nullptr) return;
  run_->save(checkpoint(), step_);
  clock_.saved();
}

train::Checkpoint TextTraining::checkpoint() const {
  train::Checkpoint now;
  now.put("model", model_->state_dict());
  now.put("optimizer", optimizer_->state_dict());
  now.put("state", as_tensors(state_, streams_.options()));
  if (ema_) now.put("average", ema_->state_dict());
  best_.put(now);
  now.put("step", step_);
  now.put("epoch of the text", streams_.position().epoch);
  now.put("window of the text", streams_.position().window);
  now.put("loss sum", loss_sum_);
  now.put("clipped", clipped_);
  now.put("characters of the text", static_cast<std::int64_t>(text_.train.size()));
  now.put_random_streams();
  return now;
}

void TextTraining::restore(const RunWriter& run) {
  const train::Checkpoint& then = run.checkpoint();
  if (then.integer("characters of the text") != static_cast<std::int64_t>(text_.train.size()))
    throw IoError(fmt::format("{}: was trained on another text than {}: give the same with --text",
                              run.folder().string(), config_.source));
  model_->load_state_dict(then.tensors("model"));
  optimizer_->load_state_dict(then.tensors("optimizer"));
  state_ = as_state(then.tensors("state"), streams_.options());
  if (ema_) ema_->load_state_dict(then.tensors("average"));
  best_.restore(then);
  step_ = then.integer("step");
  streams_.set_position(
      {.epoch = then.integer("epoch of the text"), .window = then.integer("window of the text")});
  loss_sum_ = then.number("loss sum");
  clipped_ = then.integer("clipped");
  then.restore_random_streams();

  for (const auto& line : run.earlier_lines()) {
    seconds_ = line.value("seconds", seconds_);
    if (line.value("kind", "") != "epoch") continue;
    curve_.push_back({.epoch = line.at("epoch"),
                      .seconds = line.at("seconds"),
                      .characters = line.at("characters"),
                      .train_loss = line.at("train_loss"),
                      .val_loss = line.at("val_loss"),
                      .clipped = line.at("clipped")});
    clip_rate_ = curve_.back().clipped;
  }
  if (config_.probe_steps > 0 && ranks().rank() == 0)
    probe_lines_ = run.lines_so_far("gradients.jsonl", "training_step");
}

}  // namespace xgrad::command
