#pragma once
// What the verbs of the command share: common options, results on stdout, usage errors.
//
// The contract of every verb: results go to stdout, progress and logs to stderr. With --json,
// stdout has one JSON object on its last line. Exit codes: 0 success, 1 failure, 2 wrong usage.

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <xgrad/train/progress.hpp>

namespace xgrad::command {

constexpr int wrong_usage = 2;  ///< exit code

/// The command line asks for what does not exist: exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Standard output cannot be written to; `error_code` is the errno.
class OutputError : public std::runtime_error {
 public:
  explicit OutputError(int error_code);
  int error_code;
};

/// The options that every verb has, and how it is run.
struct CommonOptions {
  int threads = 0;  ///< 0: as many as the machine has
  std::uint64_t seed = 0;
  std::string log_level;  ///< "": as the environment says
  bool quiet = false;     ///< nothing on stderr but what went wrong
  bool json = false;
  /// Runs what all processes do together, where a launcher has started several; see with_ranks().
  std::function<int(const CommonOptions&, const std::function<int()>&)> under_launcher{};
};

/// The verb that the command line names: set by the verb's callback, run by main() after parsing.
/// Returns the exit code.
using Action = std::function<int(const CommonOptions&)>;

/// What the parse of a command line fills in.
struct Session {
  CommonOptions common;
  Action action;
};

/// Adds the verb `name` to `parent` with the common options; `action` is what it does.
CLI::App* add_verb(CLI::App& parent, Session& session, const std::string& name,
                   const std::string& description, Action action);

// The verbs, one source each.
void add_train_images(CLI::App& train, Session& session);  // mnist, cifar10
void add_train_chars(CLI::App& train, Session& session);
void add_sample(CLI::App& app, Session& session);
void add_eval(CLI::App& app, Session& session);
void add_predict(CLI::App& app, Session& session);
void add_export(CLI::App& app, Session& session);
void add_gradcheck(CLI::App& app, Session& session);
void add_report(CLI::App& app, Session& session);
void add_bench(CLI::App& app, Session& session);
void add_graph(CLI::App& app, Session& session);
void add_summary(CLI::App& app, Session& session);
void add_fetch(CLI::App& app, Session& session);
void add_doctor(CLI::App& app, Session& session);

/// Adds --precision fp32|bf16, kept in `word`.
void add_precision(CLI::App& verb, std::string& word);
/// Computes with that precision from now on; says so on stderr where the CPU can't.
void use_precision(const std::string& word);

/// With --quiet nobody watches: no progress, no remarks, and of the log only errors, unless
/// --log-level asks for more. Of the whole program; set once, before the verb runs.
void set_quiet(bool quiet);
bool is_quiet();

/// A remark on stderr for whoever watches. What explains an exit code is no remark.
template <class... Args>
void remark(fmt::format_string<Args...> format, Args&&... args) {
  if (!is_quiet()) fmt::print(stderr, format, std::forward<Args>(args)...);
}

/// Where a verb's progress goes: stderr, or nowhere.
train::ProgressOptions progress_display(std::string unit);

/// Writes to stdout and flushes, so that a reader sees results as they come. Throws OutputError.
void write_output(std::string_view text);

template <class... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  write_output(fmt::format(format, std::forward<Args>(args)...));
}

/// The object on a line of its own.
void print_json(const nlohmann::ordered_json& object);

/// " (did you mean 'conv2d'?)" if one of `known` is close to `word`, else "".
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace xgrad::command
