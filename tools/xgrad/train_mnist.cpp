// xgrad train mnist: trains a small CNN on images in MNIST's form.

#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/random.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/image_training.hpp"
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
                        .ema = -1};
};

// What was not asked for by name. A target is to be met soon: by the model that learns most per
// second, a rate that is high almost from the start, and the average of the weights, which makes up
// for that rate before the schedule has come to its end.
void fill_in_defaults(ImageRunConfig& config) {
  const bool soon = config.target_accuracy > 0;
  if (config.model.empty()) config.model = soon ? "lenet_relu" : "lenet";
  if (config.epochs == 0) config.epochs = soon ? 2 : 3;
  if (config.ema < 0) config.ema = soon ? 0.98 : 0;
  if (config.label_smoothing < 0) config.label_smoothing = soon ? 0.1 : 0;
  const ImageRecipe recipe = recipe_of(config.model);
  if (config.lr == 0) config.lr = soon && !recipe.adam ? 0.2 : recipe.lr;
}

// Mean and standard deviation of all pixels, scaled to 0..1.
std::pair<float, float> pixel_statistics(const datasets::ImageSet& images) {
  std::array<double, 256> counts{};
  for (const std::uint8_t pixel : images.pixels) ++counts[pixel];
  double sum = 0, squares = 0;
  for (std::size_t value = 0; value < counts.size(); ++value) {
    const double x = static_cast<double>(value) / 255;
    sum += counts[value] * x;
    squares += counts[value] * x * x;
  }
  const auto n = static_cast<double>(images.pixels.size());
  const double deviation = std::sqrt(std::max(squares / n - (sum / n) * (sum / n), 0.0));
  // Blank images have none.
  return {static_cast<float>(sum / n), static_cast<float>(deviation > 0 ? deviation : 1)};
}

// The configuration and the images of a run that is begun or resumed.
struct Task {
  ImageRunConfig config;
  datasets::Mnist mnist;
  std::optional<Target> target{};
};

Task prepare(const TrainOptions& options, std::uint64_t seed) {
  Task task;
  ImageRunConfig& config = task.config;
  if (options.run.resume) {
    config = read_config<ImageRunConfig>(*options.run.resume, load_config(*options.run.resume),
                                         image_run_config);
    task.mnist = images_of(config, options.data);
  } else {
    config = options.config;
    fill_in_defaults(config);
    task.mnist = datasets::find_mnist(options.data);
    config.dataset = task.mnist.name;
    config.classes = task.mnist.classes;
    config.seed = seed;
  }
  config.source = where_from_anywhere(task.mnist.source);
  check_images(task.mnist, config);
  if (config.target_accuracy > 0)
    task.target.emplace(task.mnist.train, config.target_accuracy, config.seed);
  std::tie(config.mean, config.deviation) = pixel_statistics(task.mnist.train);
  return task;
}

int report(Task& task, ImageTraining& training, RunWriter* run, bool json) {
  const ImageRunConfig& config = task.config;
  const Evaluation test =
      evaluate(training.result(), task.mnist.test, config.mean, config.deviation);
  if (run != nullptr)
    run->write("result.json",
               nlohmann::ordered_json{{"test_accuracy", test.accuracy}, {"test_loss", test.loss}}
                       .dump(2) +
                   "\n");
  if (run != nullptr && run->writes_events()) {
    const auto mistakes =
        mistakes_picture(examine(training.result(), task.mnist.test, config), task.mnist.test);
    if (mistakes) run->log_picture("worst mistakes", training.steps(), *mistakes);
  }
  const double rate =
      static_cast<double>(training.images()) / std::max(training.seconds(), 1e-9);
  const double epochs =
      static_cast<double>(training.images()) / static_cast<double>(task.mnist.train.count);
  if (json) {
    nlohmann::ordered_json result{{"test_accuracy", test.accuracy},
                                  {"test_loss", test.loss},
                                  {"epochs", config.epochs},
                                  {"images_seen", training.images()},
                                  {"train_seconds", training.seconds()},
                                  {"images_per_second", rate},
                                  {"parameters", training.result().parameter_count()},
                                  {"dataset", task.mnist.name},
                                  {"source", task.mnist.source},
                                  {"model", config.model},
                                  {"precision", config.precision},
                                  {"seed", config.seed}};
    if (task.target) {
      result["epochs"] = epochs;
      result.update(to_json(*task.target));
    }
    print_json(result);
  } else {
    print(
        "{}: test accuracy {:.2f} %, test loss {:.4f} after {:.3g} epoch{} ({:.1f} s, {:.0f} "
        "images/s)\n",
        task.mnist.name, test.accuracy, test.loss, epochs, epochs == 1 ? "" : "s",
        training.seconds(), rate);
    if (run != nullptr) print("weights: {}\n", run->folder().string());
  }
  return task.target && !task.target->is_reached() ? tell_missed(*task.target, config.epochs) : 0;
}

int run(const TrainOptions& options, const CommonOptions& common) {
  Task task = prepare(options, common.seed);
  manual_seed(task.config.seed);  // a resumed run has its own
  use_precision(task.config.precision);
  const train::CatchInterrupt interrupt;  // from here on, what is begun is kept
  std::optional<RunWriter> folder = open_run(options.run, to_json(task.config));
  RunWriter* const writer = folder ? &*folder : nullptr;

  ImageTraining training(task.config, options.run.checkpoint_every, task.mnist.train,
                         task.target ? &*task.target : nullptr, writer);
  std::optional<DetectAnomaly> detect;
  if (options.run.detect_anomaly) detect.emplace();
  if (const int signal = training.train(interrupt); signal != 0)
    return tell_stopped(fmt::format("{} images", training.images()), writer, signal);
  return report(task, training, writer, common.json);
}

}  // namespace

void add_train_mnist(CLI::App& train, Session& session) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App* const verb =
      add_verb(train, session, "mnist", "Train a small CNN on MNIST, Fashion-MNIST or the like",
               [options](const CommonOptions& common) { return run(*options, common); });
  ImageRunConfig& config = options->config;
  verb->add_option("--data", options->data,
                   "Folder of the four IDX files, or of PNG files as train/CLASS/*.png and "
                   "test/CLASS/*.png (default: $XGRAD_DATA/mnist, the user's cache, "
                   "Fashion-MNIST as packaged, else synthetic digits)")
      ->type_name("DIR");
  verb->add_option("--model", config.model,
                   "The network; the rows_ models read an image row by row (default: lenet, with "
                   "--target-accuracy lenet_relu)")
      ->check(CLI::IsMember(model_names()));
  verb->add_option(
          "--epochs", config.epochs,
          "Passes over the training images, at most (default: 3, with --target-accuracy 2)")
      ->check(CLI::Range(1, 1'000'000));
  verb->add_option("--batch-size", config.batch_size, "Images per step (default: 64)")
      ->check(CLI::Range(1, 1'000'000));
  verb->add_option(
          "--lr", config.lr,
          "Peak learning rate of a one-cycle schedule (default: 0.05, with --target-accuracy 0.2; "
          "0.004 for the rows_ models)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--momentum", config.momentum, "Nesterov momentum of SGD (default: 0.9)")
      ->check(CLI::Range(0.0, 1.0));
  verb->add_option("--weight-decay", config.weight_decay, "Weight decay (default: 5e-4)")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--dropout", config.dropout, "Between the linear layers (default: 0)")
      ->check(CLI::Range(0.0, 0.99));
  verb->add_flag("--augment", config.augment,
                 "Shift, turn and scale the training images at random");
  verb->add_option("--label-smoothing", config.label_smoothing,
                   "Share of each training label that is spread over all classes (default: 0, with "
                   "--target-accuracy 0.1)")
      ->check(CLI::Range(0.0, 1.0));
  verb->add_option("--ema", config.ema,
                   "The result is the exponential moving average of the weights over the steps, "
                   "with this decay; 0: the last weights (default: 0, with --target-accuracy 0.98)")
      ->check(CLI::Range(0.0, 0.999999))
      ->type_name("DECAY");
  verb->add_option("--target-accuracy", config.target_accuracy,
                   "Stop as soon as that many of a hundred validation images are classified right. "
                   "They are a sixth of the training images and not trained on; the test images "
                   "decide nothing. Exit code 1 if --epochs end before")
      ->check(CLI::Range(0.0, 100.0) & CLI::PositiveNumber)
      ->type_name("PERCENT");
  add_precision(*verb, config.precision);
  add_run_options(*verb, options->run, {"--data"});
}

}  // namespace xgrad::command
