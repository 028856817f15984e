#pragma once
// The options and messages of keeping a training, for all that is trained.

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include <CLI/CLI.hpp>

#include <xgrad/core/shape.hpp>

#include "tools/xgrad/run_folder.hpp"

namespace xgrad::command {

struct RunOptions {
  std::optional<std::string> out{};
  std::optional<std::string> resume{};
  Index checkpoint_every = 0;  ///< steps; 0: by the clock
  bool tensorboard = false;
  bool detect_anomaly = false;
};

/// Adds --accumulate N and --patience N, kept in `number`.
void add_accumulate(CLI::App& verb, Index& number, const std::string& description);
CLI::Option* add_patience(CLI::App& verb, Index& number, const std::string& description);

/// Adds --out, --resume and what goes along with both, after all other options of the verb.
/// A run that is resumed has its configuration: none of the other options goes along with --resume,
/// but for those that change no number, and `allowed`.
void add_run_options(CLI::App& verb, RunOptions& options,
                     std::initializer_list<std::string> allowed);

/// The folder of a run that is begun with this configuration or resumed; none without --out and
/// --resume. Throws on all ranks that train together if their options or `data`, all that is
/// trained and measured with, are not the same. Together.
std::optional<RunWriter> open_run(const RunOptions& options, const nlohmann::ordered_json& config,
                                  std::initializer_list<std::span<const std::byte>> data);

/// Remarks that a run which is gone on with has come to its end before, if it is over.
void tell_if_over(bool over, const RunWriter* run);

/// Says that a signal ended the training after so much, and how it can go on; the exit code of
/// that. `run` may be null.
int tell_stopped(const std::string& after, const RunWriter* run, int signal);

}  // namespace xgrad::command
