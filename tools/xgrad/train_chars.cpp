// xgrad train chars: trains a recurrent network to predict the next character of a text.

#include <chrono>
#include <cmath>
#include <numbers>
#include <optional>

#include <datasets/text_streams.hpp>
#include <models/char_rnn/sampling.hpp>
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
#include "tools/xgrad/run_folder.hpp"
#include "tools/xgrad/sampler.hpp"
#include "tools/xgrad/text_run.hpp"

namespace xgrad::command {
namespace {

using Clock = std::chrono::steady_clock;
using Model = models::CharRnn<float>;

struct TrainOptions {
  std::optional<std::string> text{};
  std::string unit = "byte";
  std::optional<std::string> out{};
  Index sample_length = 200;
  Index probe_steps = 0;
  TextRunConfig config{.epochs = 20, .lr = 0.005, .clip = 5};
};

/// A point of the learning curve: after an epoch.
struct Point {
  Index epoch = 0;
  double seconds = 0;  ///< of training, without evaluation
  Index characters = 0;
  double train_loss = 0, val_loss = 0;  ///< nats per character
  double clipped = 0;                   ///< share of the steps
};

struct Training {
  const TrainOptions& options;
  datasets::TextSplit split;
  Model& model;
  std::vector<Point> curve{};
  StateDict<float> best{};
  double best_loss = std::numeric_limits<double>::infinity();
  std::vector<train::RecurrentProbe> probes{};  // the first and the latest
  std::string probe_lines{};                    // all of them
  int signal = 0;
};

std::unique_ptr<optim::Optimizer<float>> make_optimizer(const TextRunConfig& config,
                                                        const Model& model) {
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

// Measures the model on the validation text, keeps it if it is the best so far, and shows a sample.
void finish_epoch(Training& training, Point point) {
  const TrainOptions& options = training.options;
  point.val_loss = evaluate(training.model, training.split.validation, options.config);
  training.curve.push_back(point);
  const bool best = point.val_loss < training.best_loss;
  if (best) {
    training.best_loss = point.val_loss;
    training.best = training.model.state_dict();
    if (options.out) {
      TextRunConfig config = options.config;
      config.epochs = point.epoch;
      save_run(*options.out, to_json(config), training.model);
    }
  }
  std::fprintf(stderr, "validation loss %.4f nats, %.4f bits per character%s\n", point.val_loss,
               bits(point.val_loss), best ? "" : " (not the best)");
  if (options.sample_length == 0) return;
  const auto& vocabulary = options.config.vocabulary;
  RandomStream random(options.config.seed, "sample while training");
  Sampler sampler(training.model, vocabulary, {.temperature = 0.8}, random);
  std::string sample;
  for (Index i = 0; i < options.sample_length; ++i) sample += sampler.next();
  std::fprintf(stderr, "%s\n\n", sample.c_str());
}

// Adds a line to RUN/gradients.jsonl and draws RUN/gradients.svg: before training against now.
void probe_gradients(Training& training, const Point& point, Index step) {
  const TrainOptions& options = training.options;
  if (options.probe_steps == 0) return;
  auto probed =
      probe(training.model, training.split.validation, options.config, options.probe_steps,
            point.epoch == 0 ? "before training" : fmt::format("epoch {}", point.epoch));
  probed.training_step = step;
  if (point.epoch > 0) probed.clip_rate = point.clipped;
  if (training.probes.size() == 2) training.probes.pop_back();
  training.probes.push_back(probed);
  training.probe_lines += train::to_json_line(probed) + "\n";
  const std::filesystem::path folder(*options.out);
  write_run_file(folder / "gradients.jsonl", training.probe_lines);
  write_run_file(folder / "gradients.svg",
                 train::to_svg(training.probes, "Gradients through time"));
}

void train(Training& training) {
  const TextRunConfig& config = training.options.config;
  Model& model = training.model;
  datasets::TextStreams streams(training.split.train,
                                {.batch_size = config.batch_size, .seq_len = config.seq_len});
  const auto optimizer = make_optimizer(config, model);
  const auto schedule = make_schedule(config, config.epochs * streams.windows_per_epoch());
  const auto parameters = model.parameters();
  const train::CatchInterrupt interrupt;
  model.train();

  Index step = 0;
  Point point;
  RecurrentState<float> state;
  probe_gradients(training, point, step);
  for (point.epoch = 1; point.epoch <= config.epochs && training.signal == 0; ++point.epoch) {
    const Index per_window = streams.characters_per_window();
    train::Progress progress(fmt::format("epoch {}/{}", point.epoch, config.epochs),
                             streams.windows_per_epoch() * per_window,
                             train::progress_on_stderr("chars"));
    const auto start = Clock::now();
    double loss_sum = 0;
    Index windows = 0, clipped = 0;
    while (windows < streams.windows_per_epoch() && training.signal == 0) {
      const datasets::TextWindow& window = streams.next();
      if (window.restart) state = {};
      const IdSequence characters{window.ids, window.steps, window.batch};
      const RecurrentState<float> before = state;
      auto result = model.forward(characters, before);
      const Variable<float> loss = cross_entropy(result.logits, window.targets);
      if (!std::isfinite(loss.item())) {
        progress.clear();
        explain_loss(model, step, loss.item(), [&] {
          cross_entropy(model.forward(characters, before).logits, window.targets);
        });
      }
      optimizer->zero_grad();
      loss.backward();
      if (config.clip > 0 && optim::clip_grad_norm(parameters, config.clip) > config.clip)
        ++clipped;
      optimizer->set_lr_factor(schedule(step++));
      optimizer->step();
      state = result.state.detach();  // gradients stop at the window's edge
      loss_sum += loss.item();
      ++windows;
      const double mean = loss_sum / static_cast<double>(windows);
      progress.update(windows * per_window,
                      fmt::format("loss {:.3f}, {:.3f} bits", mean, bits(mean)));
      training.signal = interrupt.signal();
    }
    point.seconds += std::chrono::duration<double>(Clock::now() - start).count();
    point.characters += windows * per_window;
    point.train_loss = loss_sum / static_cast<double>(windows);
    point.clipped = static_cast<double>(clipped) / static_cast<double>(windows);
    progress.finish(fmt::format("loss {:.3f}", point.train_loss));
    finish_epoch(training, point);
    probe_gradients(training, point, step);
  }
}

nlohmann::ordered_json to_json(const Point& point) {
  return {{"epoch", point.epoch},           {"seconds", point.seconds},
          {"characters", point.characters}, {"train_loss", point.train_loss},
          {"val_loss", point.val_loss},     {"clipped", point.clipped}};
}

int report(const Training& training, const CommonOptions& common) {
  const TrainOptions& options = training.options;
  const TextRunConfig& config = options.config;
  const Point& last = training.curve.back();
  const double rate = static_cast<double>(last.characters) / std::max(last.seconds, 1e-9);
  if (training.signal != 0) {
    std::fprintf(stderr, "xgrad: stopped after %td characters: %s\n", last.characters,
                 options.out
                     ? fmt::format("the best weights so far are in {}", *options.out).c_str()
                     : "nothing was kept (--out RUN keeps the weights)");
    return 128 + training.signal;
  }
  if (common.json) {
    nlohmann::ordered_json curve = nlohmann::ordered_json::array();
    for (const Point& point : training.curve) curve.push_back(to_json(point));
    print_json({{"val_loss_nats", training.best_loss},
                {"val_bits_per_char", bits(training.best_loss)},
                {"train_seconds", last.seconds},
                {"chars_per_second", rate},
                {"parameters", training.model.parameter_count()},
                {"text", config.text},
                {"source", config.source},
                {"cell", config.cell},
                {"hidden", config.hidden},
                {"epochs", config.epochs},
                {"precision", config.precision},
                {"seed", config.seed},
                {"curve", std::move(curve)}});
  } else {
    print("{}: validation loss {:.4f} nats, {:.4f} bits per character ({:.1f} s, {:.0f} chars/s)\n",
          config.text, training.best_loss, bits(training.best_loss), last.seconds, rate);
    if (options.out) print("best weights: {}\n", *options.out);
  }
  return 0;
}

int run(TrainOptions options, const CommonOptions& common) {
  if (options.probe_steps > 0 && !options.out)
    throw UsageError("chars: --probe writes into the run's folder: give --out as well");
  const auto unit = datasets::text_unit(options.unit);
  const datasets::Text text = datasets::find_text(options.text, unit);
  if (options.out) prepare_run(*options.out);
  use_precision(options.config.precision);
  TextRunConfig& config = options.config;
  config.text = text.name;
  config.source = where_from_anywhere(text.source);
  config.seed = common.seed;
  config.vocabulary = datasets::Vocabulary(text.bytes, unit);
  const auto ids = config.vocabulary.encode(text.bytes);
  const auto model = make_model(config);
  Training training{.options = options, .split = datasets::split_text(ids), .model = *model};
  train(training);
  return report(training, common);
}

}  // namespace

void add_train_chars(CLI::App& train, Session& session) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App* const verb =
      add_verb(train, session, "chars", "Train a recurrent network on the characters of a text",
               [options](const CommonOptions& common) { return run(*options, common); });
  TextRunConfig& config = options->config;
  verb->add_option("--text", options->text,
                   "The text (default: tinyshakespeare in $XGRAD_DATA or the user's cache, else "
                   "Debian's licences)")
      ->type_name("FILE");
  verb->add_option("--unit", options->unit, "What one character is (default: byte)")
      ->check(CLI::IsMember({"byte", "code-point"}));
  verb->add_option("--cell", config.cell, "The recurrent cell (default: lstm)")
      ->check(CLI::IsMember({"rnn", "lstm", "gru"}));
  const CLI::Range positive(1, 1'000'000);
  verb->add_option("--hidden", config.hidden, "Units per layer (default: 128)")->check(positive);
  verb->add_option("--layers", config.layers, "Layers (default: 1)")->check(positive);
  verb->add_option("--dropout", config.dropout, "On each layer's output (default: 0)")
      ->check(CLI::Range(0.0, 0.99));
  verb->add_option("--seq-len", config.seq_len, "Characters to backpropagate through (default: 50)")
      ->check(positive);
  verb->add_option("--batch-size", config.batch_size, "Streams read side by side (default: 32)")
      ->check(positive);
  verb->add_option("--epochs", config.epochs, "Passes over the training text (default: 20)")
      ->check(positive);
  verb->add_option("--optimizer", config.optimizer, "adam, or sgd with momentum (default: adam)")
      ->check(CLI::IsMember({"adam", "sgd"}));
  verb->add_option("--schedule", config.schedule, "Of the learning rate (default: one-cycle)")
      ->check(CLI::IsMember({"one-cycle", "cosine", "constant"}));
  verb->add_option("--lr", config.lr, "Learning rate, or its peak (default: 0.005)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--clip", config.clip, "Largest norm of the gradient; 0: any (default: 5)")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--sample-length", options->sample_length,
                   "Characters to show at each evaluation (default: 200)")
      ->check(CLI::Range(0, 1'000'000));
  verb->add_option("--probe", options->probe_steps,
                   "Measure how gradients flow back through N steps, at each evaluation, into "
                   "RUN/gradients.jsonl and .svg")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000));
  add_precision(*verb, config.precision);
  verb->add_option("--out", options->out, "Folder to keep the best weights in")->type_name("RUN");
}

}  // namespace xgrad::command
