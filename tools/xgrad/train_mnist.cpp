// xgrad train mnist: trains a small CNN on images in MNIST's form.

#include <chrono>
#include <cmath>
#include <optional>

#include <xgrad/core/random.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/optim/sgd.hpp>
#include <xgrad/train/interrupt.hpp>
#include <xgrad/train/progress.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/explain_loss.hpp"
#include "tools/xgrad/image_run.hpp"
#include "tools/xgrad/run_folder.hpp"
#include "tools/xgrad/target.hpp"

namespace xgrad::command {
namespace {

using Clock = std::chrono::steady_clock;

// How a model is trained unless the options say otherwise: SGD with momentum for the CNNs; the
// recurrent models want Adam, and their gradients clipped.
struct Recipe {
  bool adam = false;
  double lr = 0.05;
  double clip = 0;  ///< largest norm of the gradient; 0: any
};

Recipe recipe_of(const std::string& model) {
  if (model.starts_with("rows_")) return {.adam = true, .lr = 0.004, .clip = 1};
  return {};
}

// What was not asked for by name. A target is to be met soon: by the model that learns most per
// second, a rate that is high almost from the start, and the average of the weights, which makes up
// for that rate before the schedule has come to its end.
void fill_in_defaults(ImageRunConfig& config) {
  const bool soon = config.target_accuracy > 0;
  if (config.model.empty()) config.model = soon ? "lenet_relu" : "lenet";
  if (config.epochs == 0) config.epochs = soon ? 2 : 3;
  if (config.ema < 0) config.ema = soon ? 0.98 : 0;
  if (config.label_smoothing < 0) config.label_smoothing = soon ? 0.1 : 0;
  const Recipe recipe = recipe_of(config.model);
  if (config.lr == 0) config.lr = soon && !recipe.adam ? 0.2 : recipe.lr;
}

optim::Schedule schedule_of(const ImageRunConfig& config, Index steps) {
  if (config.target_accuracy > 0) return optim::one_cycle(steps, {.pct_start = 0.1});
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

struct TrainOptions {
  std::optional<std::string> data{};
  std::optional<std::string> out{};
  ImageRunConfig config{.model = "",
                        .batch_size = 64,
                        .momentum = 0.9,
                        .weight_decay = 5e-4,
                        .label_smoothing = -1,
                        .ema = -1};
};

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

struct Training {
  const TrainOptions& options;
  const datasets::Mnist& mnist;
  nn::Module<float>& model;
  Target* target = nullptr;
  optim::Ema<float>* ema = nullptr;
  double seconds = 0;  ///< of training, with what decides when to stop, without the test
  Index images = 0;
  bool stopped = false;  ///< by a signal, before all epochs were done
};

void save_if_asked(const Training& training, Index epochs_done) {
  if (!training.options.out) return;
  ImageRunConfig config = training.options.config;
  config.epochs = epochs_done;
  config.images = training.images;
  std::optional<optim::EmaApplied<float>> averaged;
  if (training.ema != nullptr) averaged.emplace(*training.ema);
  save_run(*training.options.out, to_json(config), training.model);
}

void train(Training& training, const train::CatchInterrupt& interrupt) {
  const ImageRunConfig& config = training.options.config;
  datasets::Loader loader(training.mnist.train,
                          {.batch_size = config.batch_size,
                           .seed = config.seed,
                           .augmentation = config.augment ? std::optional<datasets::AugmentOptions>(
                                                                datasets::AugmentOptions{})
                                                          : std::nullopt,
                           .mean = config.mean,
                           .deviation = config.deviation});
  const auto optimizer = make_optimizer(config, training.model);
  const auto parameters = training.model.parameters();
  const double clip = recipe_of(config.model).clip;
  const auto schedule = schedule_of(config, config.epochs * loader.batches_per_epoch());
  training.model.train();

  Index step = 0;
  for (Index epoch = 0; epoch < config.epochs; ++epoch) {
    train::Progress progress(fmt::format("epoch {}/{}", epoch + 1, config.epochs),
                             training.mnist.train.count);
    const auto start = Clock::now();
    double loss_sum = 0;
    Index done = 0;
    const auto note = [&] {
      return fmt::format("loss {:.3f}{}", loss_sum / static_cast<double>(done),
                         training.target != nullptr ? training.target->note() : "");
    };
    for (const datasets::Batch& batch : loader.epoch(epoch)) {
      const auto rows = static_cast<Index>(batch.labels.size());
      const Variable<float> loss =
          cross_entropy(training.model(Variable<float>(batch.images)), batch.labels,
                        {.label_smoothing = config.label_smoothing});
      if (!std::isfinite(loss.item())) {
        progress.clear();
        explain_loss(training.model, step, loss.item(), [&] {
          cross_entropy(training.model(Variable<float>(batch.images)), batch.labels,
                        {.label_smoothing = config.label_smoothing});
        });
      }
      optimizer->zero_grad();
      loss.backward();
      if (clip > 0) optim::clip_grad_norm(parameters, clip);
      optimizer->set_lr_factor(schedule(step++));
      optimizer->step();
      if (training.ema != nullptr) training.ema->update();
      loss_sum += static_cast<double>(rows) * loss.item();
      done += rows;
      progress.update(done, note());
      training.stopped =
          interrupt.requested() && (epoch + 1 < config.epochs || done < training.mnist.train.count);
      if (training.stopped) break;
      if (training.target != nullptr &&
          training.target->due(training.images + done - rows, training.images + done) &&
          training.target->reached(training.model, training.ema, config.mean, config.deviation))
        break;
    }
    training.seconds += std::chrono::duration<double>(Clock::now() - start).count();
    training.images += done;
    progress.finish(note());
    check_weights(training.model, step);
    save_if_asked(training, epoch + 1);
    if (training.stopped || (training.target != nullptr && training.target->is_reached())) return;
  }
}

int run(TrainOptions options, const CommonOptions& common) {
  datasets::Mnist mnist = datasets::find_mnist(options.data);
  check_size(mnist);
  if (options.out) prepare_run(*options.out);
  use_precision(options.config.precision);
  ImageRunConfig& config = options.config;
  fill_in_defaults(config);
  config.dataset = mnist.name;
  config.source = where_from_anywhere(mnist.source);
  config.seed = common.seed;
  std::optional<Target> target;
  if (config.target_accuracy > 0) target.emplace(mnist.train, config.target_accuracy, config.seed);
  std::tie(config.mean, config.deviation) = pixel_statistics(mnist.train);

  const auto model = make_model(config.model);
  const auto ema = average_of(*model, config.ema);
  Training training{options, mnist, *model, target ? &*target : nullptr, ema.get()};
  const train::CatchInterrupt interrupt;
  train(training, interrupt);
  if (training.stopped) {
    std::fprintf(stderr, "xgrad: stopped after %td images: %s\n", training.images,
                 options.out ? fmt::format("the weights so far are in {}", *options.out).c_str()
                             : "nothing was kept (--out RUN keeps the weights)");
    return 128 + interrupt.signal();
  }

  if (ema) ema->apply();
  const Evaluation test = evaluate(*model, mnist.test, config.mean, config.deviation);
  const double rate = static_cast<double>(training.images) / std::max(training.seconds, 1e-9);
  const double epochs =
      static_cast<double>(training.images) / static_cast<double>(mnist.train.count);
  if (common.json) {
    nlohmann::ordered_json result{{"test_accuracy", test.accuracy},
                                  {"test_loss", test.loss},
                                  {"epochs", config.epochs},
                                  {"images_seen", training.images},
                                  {"train_seconds", training.seconds},
                                  {"images_per_second", rate},
                                  {"parameters", model->parameter_count()},
                                  {"dataset", mnist.name},
                                  {"source", mnist.source},
                                  {"model", config.model},
                                  {"precision", config.precision},
                                  {"seed", common.seed}};
    if (target) {
      result["epochs"] = epochs;
      result.update(to_json(*target));
    }
    print_json(result);
  } else {
    print(
        "{}: test accuracy {:.2f} %, test loss {:.4f} after {:.3g} epoch{} ({:.1f} s, {:.0f} "
        "images/s)\n",
        mnist.name, test.accuracy, test.loss, epochs, epochs == 1 ? "" : "s", training.seconds,
        rate);
    if (options.out) print("weights: {}\n", *options.out);
  }
  return target && !target->is_reached() ? tell_missed(*target, config.epochs) : 0;
}

}  // namespace

void add_train_mnist(CLI::App& train, Session& session) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App* const verb =
      add_verb(train, session, "mnist", "Train a small CNN on MNIST, Fashion-MNIST or the like",
               [options](const CommonOptions& common) { return run(*options, common); });
  ImageRunConfig& config = options->config;
  verb->add_option("--data", options->data,
                   "Folder of the four IDX files (default: $XGRAD_DATA/mnist, the user's cache, "
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
  verb->add_option("--out", options->out, "Folder to keep the weights in")->type_name("RUN");
}

}  // namespace xgrad::command
