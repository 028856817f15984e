// xgrad train mnist, xgrad train cifar10: trains a small CNN on images.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/random.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/image_task.hpp"
#include "tools/xgrad/image_training.hpp"
#include "tools/xgrad/number_option.hpp"
#include "tools/xgrad/ranks.hpp"
#include "tools/xgrad/report_images.hpp"
#include "tools/xgrad/run_options.hpp"

namespace xgrad::command {
namespace {

struct TrainOptions {
  std::optional<std::string> data{};
  RunOptions run{};
  ImageRunConfig config{.model = "",
                        .batch_size = 64,
                        .momentum = 0.9,
                        .weight_decay = 5e-4,
                        .label_smoothing = -1,
                        .ema = -1,
                        .validation = -1};
};

// What was not asked for by name. A target is to be met soon: by the model that learns most per
// second, a rate that is high almost from the start, and the average of the weights, which makes up
// for that rate before the schedule has come to its end.
void fill_in_defaults(ImageRunConfig& config) {
  const bool soon = config.target_accuracy > 0;
  const ImageTask& task = image_task(config.task);
  const ImageTask::Defaults& defaults = soon ? task.soon : task.defaults;
  if (config.model.empty()) config.model = defaults.model;
  if (config.epochs == 0) config.epochs = defaults.epochs;
  if (config.ema < 0) config.ema = soon ? 0.98 : 0;
  if (config.label_smoothing < 0) config.label_smoothing = soon ? 0.1 : 0;
  if (config.validation < 0) config.validation = config.patience > 0 ? 0.1 : 0;
  if (config.patience > 0 && config.validation == 0)
    throw UsageError("--patience watches the validation loss: leave --validation 0 out");
  const ImageRecipe recipe = recipe_of(config.model);
  if (config.lr == 0) config.lr = recipe.adam ? recipe.lr : defaults.lr;
}

// Mean and standard deviation of all pixels' values in a channel, scaled to 0..1.
std::pair<float, float> channel_statistics(const datasets::ImageSet& images, Index channel) {
  std::array<double, 256> counts{};
  const auto step = static_cast<std::size_t>(images.channels);
  for (auto i = static_cast<std::size_t>(channel); i < images.pixels.size(); i += step)
    ++counts[images.pixels[i]];
  double sum = 0, squares = 0;
  for (std::size_t value = 0; value < counts.size(); ++value) {
    const double x = static_cast<double>(value) / 255;
    sum += counts[value] * x;
    squares += counts[value] * x * x;
  }
  const auto n = static_cast<double>(images.pixels.size() / step);
  const double deviation = std::sqrt(std::max(squares / n - (sum / n) * (sum / n), 0.0));
  // Blank images have none.
  return {static_cast<float>(sum / n), static_cast<float>(deviation > 0 ? deviation : 1)};
}

void normalise_by(const datasets::ImageSet& images, ImageRunConfig& config) {
  std::vector<float> means, deviations;
  for (Index channel = 0; channel < images.channels; ++channel) {
    const auto [mean, deviation] = channel_statistics(images, channel);
    means.push_back(mean);
    deviations.push_back(deviation);
  }
  config.mean = means;
  config.deviation = deviations;
}

// The configuration and the images of a run that is begun or resumed.
struct Task {
  ImageRunConfig config;
  datasets::ImageData data;
  datasets::ImageSet validation{};  // set aside from data.train
  std::optional<Target> target{};
};

Task prepare(const TrainOptions& options, std::uint64_t seed) {
  Task task;
  ImageRunConfig& config = task.config;
  if (options.run.resume) {
    config = read_config<ImageRunConfig>(*options.run.resume, load_config(*options.run.resume),
                                         image_run_config);
    if (config.task != options.config.task)
      throw IoError(fmt::format("{}: is a run of xgrad train {}: go on with that",
                                *options.run.resume, config.task));
    task.data = images_of(config, options.data);
  } else {
    config = options.config;
    fill_in_defaults(config);
    task.data = image_task(config.task).find(options.data);
    config.dataset = task.data.name;
    config.classes = task.data.classes;
    config.seed = seed;
  }
  config.source = where_from_anywhere(task.data.source);
  check_images(task.data, config);
  if (const double fraction = validation_fraction(config); fraction > 0) {
    datasets::Split split = datasets::split(task.data.train, fraction, config.seed);
    task.data.train = std::move(split.train);
    task.validation = std::move(split.validation);
  }
  normalise_by(task.data.train, config);
  return task;
}

struct Found {
  Evaluation test{};
  Evaluation validation{};  ///< where images are set aside for it
};

Found measure(const Task& task, ImageTraining& training) {
  const ImageRunConfig& config = task.config;
  Found found{evaluate(training.result(), task.data.test, config.mean, config.deviation)};
  if (config.validation > 0)
    found.validation = evaluate(training.result(), task.validation, config.mean, config.deviation);
  return found;
}

int report(Task& task, ImageTraining& training, const Found& found, RunWriter* run, bool json) {
  const ImageRunConfig& config = task.config;
  const Evaluation& test = found.test;
  if (run != nullptr)
    run->write(
        "result.json",
        nlohmann::ordered_json{{"test_accuracy", test.accuracy}, {"test_loss", test.loss}}.dump(2) +
            "\n");
  if (run != nullptr && run->writes_events()) {
    const auto mistakes =
        mistakes_picture(examine(training.result(), task.data.test, config), task.data.test);
    if (mistakes) run->log_picture("worst mistakes", training.steps(), *mistakes);
  }
  const double rate = static_cast<double>(training.images()) / std::max(training.seconds(), 1e-9);
  const double epochs =
      static_cast<double>(training.images()) / static_cast<double>(task.data.train.count);
  if (json) {
    nlohmann::ordered_json result{{"test_accuracy", test.accuracy},
                                  {"test_loss", test.loss},
                                  {"epochs", config.epochs},
                                  {"images_seen", training.images()},
                                  {"train_seconds", training.seconds()},
                                  {"images_per_second", rate},
                                  {"parameters", training.result().parameter_count()},
                                  {"dataset", task.data.name},
                                  {"source", task.data.source},
                                  {"model", config.model},
                                  {"precision", config.precision},
                                  {"seed", config.seed}};
    if (ranks().size() > 1) result["ranks"] = ranks().size();
    if (task.target) {
      result["epochs"] = epochs;
      result.update(to_json(*task.target));
    }
    if (config.validation > 0) {
      result["validation_accuracy"] = found.validation.accuracy;
      result["validation_loss"] = found.validation.loss;
      result["validation_images"] = task.validation.count;
    }
    if (config.patience > 0) {
      result["epochs"] = training.epochs();
      result["best_epoch"] = training.best_epoch();
      result["stopped_early"] = training.is_out_of_patience();
    }
    print_json(result);
  } else {
    print(
        "{}: test accuracy {:.2f} %, test loss {:.4f} after {:.3g} epoch{} ({:.1f} s, {:.0f} "
        "images/s)\n",
        task.data.name, test.accuracy, test.loss, epochs, epochs == 1 ? "" : "s",
        training.seconds(), rate);
    if (config.patience > 0)
      print("the best of them on {} validation images: epoch {}\n", task.validation.count,
            training.best_epoch());
    if (run != nullptr) print("weights: {}\n", run->folder().string());
  }
  return task.target && !task.target->is_reached() ? tell_missed(*task.target, config.epochs) : 0;
}

int run(const TrainOptions& options, const CommonOptions& common) {
  Task task = prepare(options, common.seed);
  manual_seed(task.config.seed);  // a resumed run has its own
  use_precision(task.config.precision);
  const train::CatchInterrupt interrupt;  // from here on, what is begun is kept
  const datasets::ImageData& data = task.data;
  std::optional<RunWriter> folder = open_run(
      options.run, to_json(task.config),
      {std::as_bytes(std::span(data.train.pixels)), std::as_bytes(std::span(data.train.labels)),
       std::as_bytes(std::span(task.validation.labels)), std::as_bytes(std::span(data.test.pixels)),
       std::as_bytes(std::span(data.test.labels))});
  RunWriter* const writer = folder ? &*folder : nullptr;

  if (task.config.target_accuracy > 0)
    task.target.emplace(task.validation, task.data.train.count, task.config.target_accuracy);
  ImageTraining training(task.config, options.run.checkpoint_every, task.data.train,
                         task.validation, task.target ? &*task.target : nullptr, writer);
  tell_if_over(training.is_over(), writer);
  std::optional<DetectAnomaly> detect;
  if (options.run.detect_anomaly) detect.emplace();
  const int signal = training.train(interrupt);
  const Found found = signal == 0 ? measure(task, training) : Found();
  return ranks().on_first([&] {
    if (signal != 0)
      return tell_stopped(fmt::format("{} images", training.images()), writer, signal);
    return report(task, training, found, writer, common.json);
  });
}

// " (default: 3, with --target-accuracy 2)"
template <class T>
std::string told(const T& usual, const T& soon) {
  const std::string first = fmt::format("{}", usual), second = fmt::format("{}", soon);
  if (first == second) return fmt::format(" (default: {})", first);
  return fmt::format(" (default: {}, with --target-accuracy {})", first, second);
}

void add_train(CLI::App& train, Session& session, const ImageTask& task) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App* const verb =
      add_verb(train, session, task.name, task.description, [options](const CommonOptions& common) {
        return with_ranks(common, [&] { return run(*options, common); });
      });
  ImageRunConfig& config = options->config;
  config.task = task.name;
  const ImageTask::Defaults &usual = task.defaults, &soon = task.soon;
  const bool has_rows = std::ranges::find(task.models, "rows_lstm") != task.models.end();
  verb->add_option("--data", options->data, task.data_help)->type_name("DIR");
  verb->add_option("--model", config.model,
                   fmt::format("The network{}{}",
                               has_rows ? "; the rows_ models read an image row by row" : "",
                               told(usual.model, soon.model)))
      ->check(CLI::IsMember(task.models));
  verb->add_option("--epochs", config.epochs,
                   "Passes over the training images, at most" + told(usual.epochs, soon.epochs))
      ->check(CLI::Range(1, 1'000'000));
  verb->add_option("--batch-size", config.batch_size,
                   "Images per batch, of all processes together (default: 64)")
      ->check(CLI::Range(1, 1'000'000));
  add_accumulate(
      *verb, config.accumulate,
      "Batches per step of the optimizer, whose gradients are averaged: as one batch of N "
      "times the size would do it, in the memory of one; batch norm still sees each batch "
      "by itself (default: 1)");
  verb->add_option(
          "--lr", config.lr,
          fmt::format("Peak learning rate of a one-cycle schedule{}{}", told(usual.lr, soon.lr),
                      has_rows ? "; 0.004 for the rows_ models" : ""))
      ->check(above_zero());
  verb->add_option("--momentum", config.momentum, "Nesterov momentum of SGD (default: 0.9)")
      ->check(between(0, 1));
  verb->add_option("--weight-decay", config.weight_decay, "Weight decay (default: 5e-4)")
      ->check(from_zero_on());
  verb->add_option("--dropout", config.dropout, "Before the last linear layer (default: 0)")
      ->check(between(0, 0.99));
  verb->add_flag("--augment", config.augment, task.augment_help);
  verb->add_option("--label-smoothing", config.label_smoothing,
                   "Share of each training label that is spread over all classes (default: 0, with "
                   "--target-accuracy 0.1)")
      ->check(between(0, 1));
  verb->add_option("--ema", config.ema,
                   "The result is the exponential moving average of the weights over the steps, "
                   "with this decay; 0: the last weights (default: 0, with --target-accuracy 0.98)")
      ->check(between(0, 0.999999))
      ->type_name("DECAY");
  verb->add_option(
          "--validation", config.validation,
          "Part of the training images that is set aside to measure loss and accuracy after "
          "each epoch (default: 0, with --patience 0.1)")
      ->check(between(0, 0.9))
      ->type_name("FRACTION");
  CLI::Option* const patience = add_patience(
      *verb, config.patience,
      "Stop after N epochs without a lower validation loss, and keep the weights of the "
      "best epoch; the schedule stays that of all --epochs. 0: train them all and keep "
      "the last weights (default: 0)");
  verb->add_option("--target-accuracy", config.target_accuracy,
                   "Stop as soon as that many of a hundred validation images are classified right. "
                   "They are a sixth of the training images, or --validation, and not trained on; "
                   "the test images decide nothing. Exit code 1 if --epochs end before")
      ->check(above_zero_up_to(100))
      ->type_name("PERCENT")
      ->excludes(patience);
  verb->add_flag("--sync-batch-norm", config.sync_batch_norm,
                 "Under mpirun, normalise by the whole batch, not by the part of each process: "
                 "the training of one process, for a few messages more per layer and step");
  add_precision(*verb, config.precision);
  add_run_options(*verb, options->run, {"--data"});
}

}  // namespace

void add_train_images(CLI::App& train, Session& session) {
  for (const ImageTask& task : image_tasks()) add_train(train, session, task);
}

}  // namespace xgrad::command
