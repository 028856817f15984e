// xgrad train chars: trains a recurrent network to predict the next character of a text.

#include <cstdio>
#include <numbers>
#include <optional>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/random.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/number_option.hpp"
#include "tools/xgrad/ranks.hpp"
#include "tools/xgrad/run_options.hpp"
#include "tools/xgrad/text_training.hpp"

namespace xgrad::command {
namespace {

struct TrainOptions {
  std::optional<std::string> text{};
  std::string unit = "byte";
  RunOptions run{};
  TextRunConfig config{.epochs = 20, .lr = 0.005, .clip = 5};
};

// The configuration and the text of a run that is begun or resumed.
struct Task {
  TextRunConfig config;
  datasets::Text text;
  std::vector<std::int32_t> ids{};
};

Task prepare(const TrainOptions& options, std::uint64_t seed) {
  Task task;
  TextRunConfig& config = task.config;
  if (options.run.resume) {
    config = read_config<TextRunConfig>(*options.run.resume, load_config(*options.run.resume),
                                        text_run_config);
    task.text = text_of(config, options.text);
  } else {
    config = options.config;
    const auto unit = datasets::text_unit(options.unit);
    task.text = datasets::find_text(options.text, unit);
    config.text = task.text.name;
    config.seed = seed;
    config.vocabulary = datasets::Vocabulary(task.text.bytes, unit);
  }
  config.source = where_from_anywhere(task.text.source);
  task.ids = config.vocabulary.encode(task.text.bytes, task.text.name);
  return task;
}

int report(const Task& task, const TextTraining& training, const RunWriter* run, bool json) {
  const TextRunConfig& config = task.config;
  const double rate =
      static_cast<double>(training.characters()) / std::max(training.seconds(), 1e-9);
  const double bits = training.best_loss() / std::numbers::ln2;
  if (json) {
    nlohmann::ordered_json curve = nlohmann::ordered_json::array();
    for (const TextPoint& point : training.curve()) curve.push_back(to_json(point));
    nlohmann::ordered_json result{{"val_loss_nats", training.best_loss()},
                                  {"val_bits_per_char", bits},
                                  {"train_seconds", training.seconds()},
                                  {"chars_per_second", rate},
                                  {"parameters", training.parameter_count()},
                                  {"text", config.text},
                                  {"source", config.source},
                                  {"cell", config.cell},
                                  {"hidden", config.hidden},
                                  {"epochs", training.epochs()},
                                  {"best_epoch", training.best_epoch()},
                                  {"stopped_early", training.is_out_of_patience()},
                                  {"precision", config.precision},
                                  {"seed", config.seed},
                                  {"curve", std::move(curve)}};
    if (ranks().size() > 1) result["ranks"] = ranks().size();
    print_json(result);
  } else {
    print("{}: validation loss {:.4f} nats, {:.4f} bits per character ({:.1f} s, {:.0f} chars/s)\n",
          config.text, training.best_loss(), bits, training.seconds(), rate);
    if (run != nullptr) print("best weights: {}\n", run->folder().string());
  }
  return 0;
}

int run(const TrainOptions& options, const CommonOptions& common) {
  if (options.config.probe_steps > 0 && !options.run.out && !options.run.resume)
    throw UsageError("chars: --probe writes into the run's folder: give --out as well");
  const Task task = prepare(options, common.seed);
  manual_seed(task.config.seed);  // a resumed run has its own
  use_precision(task.config.precision);
  const train::CatchInterrupt interrupt;  // from here on, what is begun is kept
  std::optional<RunWriter> folder =
      open_run(options.run, to_json(task.config), {std::as_bytes(std::span(task.text.bytes))});
  RunWriter* const writer = folder ? &*folder : nullptr;

  const datasets::TextSplit split = datasets::split_text(task.ids);
  TextTraining training(task.config, options.run.checkpoint_every, split, writer);
  tell_if_over(training.is_over(), writer);
  std::optional<DetectAnomaly> detect;
  if (options.run.detect_anomaly) detect.emplace();
  const int signal = training.train(interrupt);
  return ranks().on_first([&] {
    if (signal != 0)
      return tell_stopped(fmt::format("{} characters", training.characters()), writer, signal);
    return report(task, training, writer, common.json);
  });
}

}  // namespace

void add_train_chars(CLI::App& train, Session& session) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App* const verb =
      add_verb(train, session, "chars", "Train a recurrent network on the characters of a text",
               [options](const CommonOptions& common) {
                 return with_ranks(common, [&] { return run(*options, common); });
               });
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
      ->check(between(0, 0.99));
  verb->add_option("--seq-len", config.seq_len, "Characters to backpropagate through (default: 50)")
      ->check(positive);
  verb->add_option("--batch-size", config.batch_size,
                   "Streams read side by side, by all processes together (default: 32)")
      ->check(positive);
  add_accumulate(
      *verb, config.accumulate,
      "Windows of --seq-len characters per step of the optimizer, one after the other in "
      "each stream; their gradients are averaged, and end at a window's edge as ever "
      "(default: 1)");
  verb->add_option("--epochs", config.epochs, "Passes over the training text (default: 20)")
      ->check(positive);
  verb->add_option("--optimizer", config.optimizer, "adam, or sgd with momentum (default: adam)")
      ->check(CLI::IsMember({"adam", "sgd"}));
  verb->add_option("--schedule", config.schedule, "Of the learning rate (default: one-cycle)")
      ->check(CLI::IsMember({"one-cycle", "cosine", "constant"}));
  verb->add_option("--lr", config.lr, "Learning rate, or its peak (default: 0.005)")
      ->check(above_zero());
  verb->add_option("--clip", config.clip, "Largest norm of the gradient; 0: any (default: 5)")
      ->check(from_zero_on());
  verb->add_option(
          "--ema", config.ema,
          "The result, and what is measured and sampled, is the exponential moving average "
          "of the weights over the steps, with this decay; 0: the weights (default: 0)")
      ->check(between(0, 0.999999))
      ->type_name("DECAY");
  add_patience(
      *verb, config.patience,
      "Stop after N epochs without a lower validation loss; the schedule stays that of all "
      "--epochs. 0: train them all. The weights of the best epoch are kept in any case "
      "(default: 0)");
  verb->add_option("--sample-length", config.sample_length,
                   "Characters to show at each evaluation (default: 200)")
      ->check(CLI::Range(0, 1'000'000));
  verb->add_option("--probe", config.probe_steps,
                   "Measure how gradients flow back through N steps, at each evaluation, into "
                   "RUN/gradients.jsonl and .svg")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000));
  add_precision(*verb, config.precision);
  add_run_options(*verb, options->run, {"--text"});
}

}  // namespace xgrad::command
