#include "tools/xgrad/run_options.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

#include <xgrad/io/mapped_file.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/ranks.hpp"

namespace xgrad::command {
namespace {

// All that decides what the ranks of a training do together. Machines may have the same data in
// different places.
void check_same(const RunOptions& options, nlohmann::ordered_json config,
                std::initializer_list<std::span<const std::byte>> data) {
  if (ranks().size() == 1) return;
  config.erase("source");
  check_same_on_all(config.dump(), "what to train");
  check_same_on_all(checksum(data), "the data to train on");
  check_same_on_all(fmt::format("{} {} {}", options.out.has_value(), options.resume.has_value(),
                                options.checkpoint_every),
                    "--out, --resume or --checkpoint-every");
}

void check_same_checkpoint(const std::filesystem::path& file) {
  if (ranks().size() == 1) return;
  const io::MappedFile bytes(file);
  check_same_on_all(checksum({bytes.bytes()}), "the checkpoint to go on from");
}

}  // namespace

void add_accumulate(CLI::App& verb, Index& number, const std::string& description) {
  verb.add_option("--accumulate", number, description)
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
}

CLI::Option* add_patience(CLI::App& verb, Index& number, const std::string& description) {
  return verb.add_option("--patience", number, description)
      ->type_name("N")
      ->check(CLI::Range(0, 1'000'000));
}

void add_run_options(CLI::App& verb, RunOptions& options,
                     std::initializer_list<std::string> allowed) {
  verb.add_option("--out", options.out,
                  "Folder to keep the run in: weights, metrics and checkpoints")
      ->type_name("RUN");
  CLI::Option* const resumed =
      verb.add_option("--resume", options.resume,
                      "Go on with the run in this folder, byte for byte as if it had never stopped")
          ->type_name("RUN");
  std::vector<std::string> free{"--help",      "--resume", "--threads",
                                "--log-level", "--quiet",  "--json"};
  free.insert(free.end(), allowed);
  for (CLI::Option* const option : verb.get_options())
    if (std::ranges::find(free, option->get_name()) == free.end()) resumed->excludes(option);
  verb.add_option("--checkpoint-every", options.checkpoint_every,
                  "Steps between checkpoints, besides those after each epoch (default: a minute)")
      ->type_name("STEPS")
      ->check(CLI::Range(1, 1'000'000'000));
  verb.add_flag("--detect-anomaly", options.detect_anomaly,
                "Check each value and gradient: stop at the first op that makes a NaN or infinity, "
                "and name it. Slow");
  verb.add_flag(
      "--tensorboard", options.tensorboard,
      "Write the run's metrics, how its weights are distributed, filters and worst mistakes for "
      "TensorBoard as well (tensorboard --logdir RUN)");
}

std::optional<RunWriter> open_run(const RunOptions& options, const nlohmann::ordered_json& config,
                                  std::initializer_list<std::span<const std::byte>> data) {
  check_same(options, config, data);
  const bool writes = ranks().rank() == 0;
  std::optional<RunWriter> run;
  if (options.resume)
    run = writes ? RunWriter::resume(*options.resume) : RunWriter::resume_along(*options.resume);
  if (options.out)
    run = writes ? RunWriter::begin(*options.out, config) : RunWriter::begin_along(*options.out);
  if (options.tensorboard && !run)
    throw UsageError("--tensorboard writes into the run's folder: give --out as well");
  if (options.tensorboard) run->write_events();
  if (options.resume) check_same_checkpoint(run->checkpoint().source());
  return run;
}

void tell_if_over(bool over, const RunWriter* run) {
  if (over && run != nullptr && run->resumed())
    remark("xgrad: {}: has been trained to its end before; this is what came of it\n",
           run->folder().string());
}

int tell_stopped(const std::string& after, const RunWriter* run, int signal) {
  if (run == nullptr)
    fmt::print(stderr, "xgrad: stopped after {}: nothing was kept (--out RUN keeps it)\n", after);
  else
    fmt::print(stderr, "xgrad: stopped after {}: go on with --resume {}\n", after,
               run->folder().string());
  return 128 + signal;
}

}  // namespace xgrad::command
