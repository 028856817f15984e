#pragma once
// The options and messages of keeping a training, for all that is trained.

#include <initializer_list>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include <xgrad/core/shape.hpp>

#include "tools/xgrad/run_folder.hpp"

namespace xgrad::command {

/// Adds --out, --resume and --checkpoint-every, after all other options of the verb. A run that is
/// resumed has its configuration: none of the other options goes along with --resume, but for those
/// that change no number, and `allowed`.
void add_run_options(CLI::App& verb, std::optional<std::string>& out,
                     std::optional<std::string>& resume, Index& checkpoint_every,
                     std::initializer_list<std::string> allowed);

/// Says that a signal ended the training after so much, and how it can go on; the exit code of
/// that. `run` may be null.
int tell_stopped(const std::string& after, const RunWriter* run, int signal);

}  // namespace xgrad::command
