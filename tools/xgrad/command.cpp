#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <numeric>

#include <xgrad/core/precision.hpp>
#include <xgrad/kernels/simd/bf16.hpp>

#include "tools/xgrad/command.hpp"

namespace xgrad::command {
namespace {

bool nobody_watches = false;

}  // namespace

OutputError::OutputError(int code)
    : std::runtime_error(fmt::format("cannot write to standard output: {}", std::strerror(code))),
      error_code(code) {}

CLI::App* add_verb(CLI::App& parent, Session& session, const std::string& name,
                   const std::string& description, Action action) {
  CLI::App* const verb = parent.add_subcommand(name, description);
  CommonOptions& common = session.common;
  const auto group = [](CLI::Option* option) { return option->group("Common options"); };
  group(
      verb->add_option(
          "--threads", common.threads,
          "Threads to compute with (default: all cores; under mpirun, the share of each process)"))
      ->check(CLI::Range(1, 4096))
      ->type_name("N");
  group(verb->add_option("--seed", common.seed, "Seed of all random numbers (default: 0)"))
      ->check([](const std::string& word) {  // CLI11 would wrap -1 around
        const bool digits = word.find_first_not_of("0123456789") == word.npos;
        return digits ? "" : "'" + word + "' is not a whole number from 0 on";
      })
      ->type_name("N");
  group(verb->add_option("--log-level", common.log_level, "How much to log to stderr"))
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}));
  group(verb->add_flag("--quiet", common.quiet,
                       "No progress and no remarks: on stderr is only what went wrong"));
  group(verb->add_flag("--json", common.json, "Results as one JSON object on the last line"));
  verb->callback([&session, action = std::move(action)] { session.action = action; });
  return verb;
}

void add_precision(CLI::App& verb, std::string& word) {
  verb.add_option("--precision", word,
                  "bf16 rounds what is multiplied to bfloat16 and adds up in float (default: fp32)")
      ->check(CLI::IsMember({"fp32", "bf16"}));
}

void use_precision(const std::string& word) {
  set_float32_matmul_precision(word == "bf16" ? "medium" : "highest");
  if (word == "bf16" && !kernels::has_bf16())
    remark("xgrad: this CPU does not multiply bfloat16 (AVX512-BF16): computing in fp32\n");
}

void set_quiet(bool quiet) { nobody_watches = quiet; }
bool is_quiet() { return nobody_watches; }

train::ProgressOptions progress_display(std::string unit) {
  if (!is_quiet()) return train::progress_on_stderr(std::move(unit));
  return {.unit = std::move(unit), .write = [](std::string_view) {}};
}

void write_output(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) throw OutputError(errno);
}

void print_json(const nlohmann::ordered_json& object) {
  // A name that is no valid UTF-8 must not cost the results.
  write_output(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

namespace {

// Levenshtein's distance: the fewest letters to insert, remove or change.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::string* best = nullptr;
  std::size_t best_distance = word.size() / 3 + 2;  // farther than this is another word
  for (const auto& name : known) {
    // "conv" stands for conv2d as well as a misspelt one does.
    const bool begins = word.size() >= 2 && name.starts_with(word);
    const std::size_t distance = begins ? 1 : edit_distance(word, name);
    if (distance < best_distance) {
      best = &name;
      best_distance = distance;
    }
  }
  return best == nullptr ? "" : fmt::format(" (did you mean '{}'?)", *best);
}

}  // namespace xgrad::command
