// xgrad gradcheck: every op of the registry, or whole models, against central differences, in
// double precision.

#include <algorithm>
#include <chrono>

#include <xgrad/io/atomic_file.hpp>
#include <xgrad/ops/check_sample.hpp>
#include <xgrad/ops/sample_drift.hpp>
#include <xgrad/train/progress.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/gradcheck_models.hpp"
#include "tools/xgrad/gradcheck_page.hpp"
#include "tools/xgrad/html.hpp"
#include "tools/xgrad/gradcheck_print.hpp"

namespace xgrad::command {
namespace {

struct Options {
  std::vector<std::string> ops{}, models{};
  bool steps = false;
  std::string report{};
};

// What is to be checked: an op of the registry, or a model.
struct Job {
  std::string name{};
  std::function<CheckedItem()> check{};
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

CheckedItem check_op(const OpEntry& entry, std::uint64_t seed) {
  CheckedItem item{
      .name = entry.op->name, .formula = entry.op->formula, .bound = gradient_error_bound(entry)};
  double drift = 0;
  for (const Sample& sample : entry.samples) {
    item.samples.push_back({sample.name, check_sample(entry, sample, seed)});
    drift = std::max(drift, sample_drift(sample, seed).gradient);
  }
  item.drift = drift;
  return item;
}

CheckedItem check_model(const ModelToCheck& model, std::uint64_t seed) {
  return {.name = model.name,
          .formula = model.formula,
          .bound = model_gradient_error_bound,
          .samples = {{model.name, model.check(seed)}}};
}

// Those of `all` that are named, in the order of `all`; `what` is "op" or "model".
std::vector<Job> select(std::vector<Job> all, const std::vector<std::string>& names,
                        const char* what) {
  std::vector<std::string> known;
  for (const Job& job : all) known.push_back(job.name);
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UsageError(fmt::format("gradcheck: there is no {} '{}'{}; the {}s are {}", what, name,
                                   suggestion(name, known), what, fmt::join(known, ", ")));
  std::erase_if(all, [&](const Job& job) {
    return !names.empty() && std::find(names.begin(), names.end(), job.name) == names.end();
  });
  return all;
}

std::vector<Job> jobs(const Options& options, std::uint64_t seed) {
  std::vector<Job> all;
  if (options.models.empty()) {
    for (const OpEntry& entry : op_registry())
      all.push_back({entry.op->name, [&entry, seed] { return check_op(entry, seed); }});
    return select(std::move(all), options.ops, "op");
  }
  if (!options.ops.empty())
    throw UsageError(
        fmt::format("gradcheck: either ops ('{}') or --model: a model is checked as a whole",
                    options.ops.front()));
  for (const ModelToCheck& model : models_to_check())
    all.push_back({model.name, [&model, seed] { return check_model(model, seed); }});
  const bool each = options.models == std::vector<std::string>{"all"};
  return select(std::move(all), each ? std::vector<std::string>{} : options.models, "model");
}

// An unwritable place shows at once, and not after a minute of work.
void check_writable(const std::string& path) {
  if (std::filesystem::is_directory(path))
    throw UsageError(fmt::format("gradcheck: --report {} is a folder: name a file", path));
  const io::AtomicFile tried(path);
}

nlohmann::ordered_json summary_json(const std::vector<CheckedItem>& items, const Totals& totals,
                                    const Options& options, double seconds) {
  const bool models = !options.models.empty();
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const CheckedItem& item : items) {
    nlohmann::ordered_json row{{models ? "model" : "op", item.name}};
    row.update(to_json(item));
    if (models) row["inputs"] = inputs_json(item);
    if (options.steps) row["sweep"] = sweep_json(item);
    rows.push_back(std::move(row));
  }
  return {{"ok", totals.failed == 0},
          {"checked", totals.items},
          {"failed", totals.failed},
          {"samples", totals.samples},
          {"elements", totals.elements},
          {"kinks", totals.kinks},
          {"max_rel_error", totals.max_rel_error},
          {"seconds", seconds},
          {models ? "models" : "ops", std::move(rows)}};
}

int run(const Options& options, const CommonOptions& common) {
  const auto start = std::chrono::steady_clock::now();
  const bool models = !options.models.empty();
  const std::string kind = models ? "model" : "op";
  const auto all = jobs(options, common.seed);
  if (!options.report.empty()) check_writable(options.report);
  std::size_t width = kind.size();
  for (const Job& job : all) width = std::max(width, job.name.size());
  if (!common.json) print_head(kind, width);

  std::optional<train::Progress> progress;
  if (auto shown = progress_display(kind + "s"); shown.terminal)
    progress.emplace("gradcheck", static_cast<Index>(all.size()), std::move(shown));
  std::vector<CheckedItem> items;
  for (const Job& job : all) {
    if (progress) progress->update(static_cast<Index>(items.size()), job.name);
    const auto item_start = std::chrono::steady_clock::now();
    CheckedItem& item = items.emplace_back(job.check());
    item.seconds = seconds_since(item_start);
    if (common.json) continue;
    if (progress) progress->clear();
    print_row(item, width);
    if (models) print_inputs(item);
    if (options.steps) print_sweep(item);
  }
  if (progress) progress->clear();

  const Totals totals(items);
  const double seconds = seconds_since(start);
  if (!options.report.empty())
    write_html(to_html({.kind = kind,
                        .items = items,
                        .seed = common.seed,
                        .seconds = seconds,
                        .version = XGRAD_VERSION}),
               options.report);
  if (common.json)
    print_json(summary_json(items, totals, options, seconds));
  else
    print_totals(kind, totals, seconds);
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace

void add_gradcheck(CLI::App& app, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* const verb =
      add_verb(app, session, "gradcheck",
               "Check the gradients of all ops, of those named, or of whole models, by finite "
               "differences",
               [options](const CommonOptions& common) { return run(*options, common); });
  verb->add_option("op", options->ops, "Ops to check (default: all)")->type_name("OP");
  std::vector<std::string> names;
  for (const ModelToCheck& model : models_to_check()) names.push_back(model.name);
  verb->add_option("--model", options->models,
                   fmt::format("A model to check instead, from its loss to all parameters: {}, or "
                               "all; may be given several times",
                               fmt::join(names, ", ")))
      ->type_name("NAME")
      ->allow_extra_args(false);
  verb->add_flag("--steps", options->steps, "Show the error against the step of the differences");
  verb->add_option("--report", options->report, "Write a page that explains and shows everything")
      ->type_name("FILE.html");
}

}  // namespace xgrad::command
