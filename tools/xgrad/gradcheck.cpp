// xgrad gradcheck: every op of the registry against central differences, in double precision.

#include <algorithm>

#include <xgrad/ops/check_sample.hpp>

#include "tools/xgrad/command.hpp"

namespace xgrad::command {
namespace {

struct Result {
  const OpEntry* entry = nullptr;
  const Sample* sample = nullptr;  ///< the one with the largest error
  GradCheckReport report{};        ///< of that sample
  Index elements = 0;              ///< derivatives compared in all samples
  bool ok = true;

  std::string_view worst_input() const {
    return entry->op->input_name(static_cast<int>(report.worst.input));
  }
};

Result check(const OpEntry& entry, std::uint64_t seed) {
  Result result{.entry = &entry};
  for (const Sample& sample : entry.samples) {
    const GradCheckReport report = check_sample(entry, sample, seed);
    result.elements += report.elements;
    result.ok = result.ok && report.ok && report.max_rel_error <= gradient_error_bound(entry);
    if (result.sample == nullptr || report.max_rel_error > result.report.max_rel_error) {
      result.sample = &sample;
      result.report = report;
    }
  }
  result.ok = result.ok && result.elements > 0;  // nothing compared is nothing shown
  return result;
}

std::vector<const OpEntry*> select(const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const OpEntry& entry : op_registry()) known.push_back(entry.op->name);
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UsageError(fmt::format("gradcheck: there is no op '{}'{}; the ops are {}", name,
                                   suggestion(name, known), fmt::join(known, ", ")));
  std::vector<const OpEntry*> chosen;
  for (const OpEntry& entry : op_registry())
    if (names.empty() || std::find(names.begin(), names.end(), entry.op->name) != names.end())
      chosen.push_back(&entry);
  return chosen;
}

nlohmann::ordered_json to_json(const Result& result) {
  const GradCheckWorst& worst = result.report.worst;
  return {{"op", result.entry->op->name},
          {"samples", result.entry->samples.size()},
          {"elements", result.elements},
          {"max_rel_error", result.report.max_rel_error},
          {"bound", gradient_error_bound(*result.entry)},
          {"ok", result.ok},
          {"worst",
           {{"sample", result.sample == nullptr ? "" : result.sample->name},
            {"input", result.worst_input()},
            {"element", worst.element},
            {"analytic", worst.analytic},
            {"numeric", worst.numeric}}}};
}

void print_row(const Result& result, std::size_t width) {
  print("{:<{}}  {:>7}  {:>8}  {:>13.2e}  {:.0e}  {}\n", result.entry->op->name, width,
        result.entry->samples.size(), result.elements, result.report.max_rel_error,
        gradient_error_bound(*result.entry), result.ok ? "ok" : "FAILED");
  if (result.ok || result.sample == nullptr) return;
  const GradCheckWorst& worst = result.report.worst;
  print("{:<{}}  sample \"{}\", input {}, element {}: analytic {:.12g}, numeric {:.12g}\n", "",
        width, result.sample->name, result.worst_input(), worst.element, worst.analytic,
        worst.numeric);
}

int run(const std::vector<std::string>& names, const CommonOptions& common) {
  const auto entries = select(names);
  std::size_t width = 2;
  for (const OpEntry* entry : entries)
    width = std::max(width, std::string_view(entry->op->name).size());
  if (!common.json) print("{:<{}}  samples  elements  max rel error  bound\n", "op", width);

  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  std::size_t failed = 0;
  double largest = 0;
  Index elements = 0;
  for (const OpEntry* entry : entries) {
    const Result result = check(*entry, common.seed);
    failed += result.ok ? 0 : 1;
    largest = std::max(largest, result.report.max_rel_error);
    elements += result.elements;
    if (common.json)
      rows.push_back(to_json(result));
    else
      print_row(result, width);
  }
  if (common.json)
    print_json({{"ok", failed == 0},
                {"checked", entries.size()},
                {"failed", failed},
                {"elements", elements},
                {"max_rel_error", largest},
                {"ops", std::move(rows)}});
  else
    print(
        "{} of {} ops agree with central differences: {} derivatives in float64, largest relative "
        "error {:.2e}\n",
        entries.size() - failed, entries.size(), elements, largest);
  return failed == 0 ? 0 : 1;
}

}  // namespace

void add_gradcheck(CLI::App& app, Session& session) {
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* const verb =
      add_verb(app, session, "gradcheck",
               "Check the gradients of all ops, or of those named, by finite differences",
               [names](const CommonOptions& common) { return run(*names, common); });
  verb->add_option("op", *names, "Ops to check (default: all)")->type_name("OP");
}

}  // namespace xgrad::command
