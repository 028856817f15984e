// xgrad bench: how fast training steps are, on synthetic data of the real shapes, how near to what
// their kernels need, and where the time goes.

#include <algorithm>
#include <memory>

#include <xgrad/core/parallel.hpp>

#include "tools/bench/inputs.hpp"
#include "tools/xgrad/bench_clock.hpp"
#include "tools/xgrad/bench_compare.hpp"
#include "tools/xgrad/bench_profile.hpp"
#include "tools/xgrad/command.hpp"
#include "tools/xgrad/number_option.hpp"

namespace xgrad::command {
namespace {

using Json = nlohmann::ordered_json;

struct BenchOptions {
  std::vector<std::string> names;
  std::string variant;
  std::string compare;
  std::string precision = "fp32";
  double seconds = 0.3;
  int rounds = 5;
  int steps = 0;
  bool profile = false;
  bool no_floor = false;
  bool losses = false;
  bool cpu_time = false;
};

std::vector<Workload> workloads() {
  std::vector<Workload> all;
  add_cnn_workloads(all);
  add_char_workloads(all);
  add_small_workloads(all);
  add_process_workloads(all);
  add_scaling_workloads(all);
  return all;
}

bool is_scaling(const Workload& workload) { return workload.name.starts_with("scaling_"); }

// The cases that the options name; the scaling figures, which take long, only by name.
std::vector<Case> select(const BenchOptions& options) {
  std::vector<Case> chosen;
  const auto choose = [&](const Workload& workload) {
    for (const Case& c : workload.cases)
      if (options.variant.empty() || c.variant == options.variant) chosen.push_back(c);
  };
  const std::vector<Workload> all = workloads();
  std::vector<std::string> known;
  for (const auto& workload : all) known.push_back(workload.name);
  for (const auto& name : options.names) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end())
      throw UsageError(fmt::format("bench: there is no workload '{}'{} The workloads are: {}", name,
                                   suggestion(name, known) + ';', fmt::join(known, " ")));
    choose(all[static_cast<std::size_t>(found - known.begin())]);
  }
  if (options.names.empty())
    for (const Workload& workload : all)
      if (!is_scaling(workload)) choose(workload);
  if (chosen.empty())
    throw UsageError(
        fmt::format("bench: there is no variant '{}' of what was chosen; the table's "
                    "second column shows them",
                    options.variant));
  return chosen;
}

// Seconds of one step in the mean over at least `seconds`.
double time_steps(const Step& step, double seconds) {
  const double start = BenchClock::now();
  double elapsed = 0;
  int steps = 0;
  do {
    step();
    ++steps;
    elapsed = BenchClock::now() - start;
  } while (elapsed < seconds);
  return elapsed / steps;
}

double in_unit(const Case& c, double seconds_per_step) {
  if (higher_is_better(c.unit)) return c.amount / seconds_per_step;
  const double per_second = c.unit == "ns" ? 1e9 : c.unit == "us" ? 1e6 : 1e3;
  return per_second * seconds_per_step / c.amount;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Part by part.
FloorTimes median(const std::vector<FloorTimes>& rounds) {
  FloorTimes result;
  for (std::size_t i = 0; !rounds.empty() && i < rounds.front().parts.size(); ++i) {
    std::vector<double> times;
    for (const FloorTimes& round : rounds) times.push_back(round.parts[i]);
    result.parts.push_back(median(times));
    result.total += result.parts.back();
  }
  return result;
}

struct Result {
  Case shape;  // of the figures
  int threads = 0;
  std::vector<double> figures;
  double floor = 0;  // what the figure would be at the floor; 0: not known
  double floor_share = 0;
  std::vector<ProfileRow> profile;
  std::vector<double> losses;
};

// Losses of the first steps, and the one after.
std::vector<double> losses_of(const Case& c) {
  std::vector<double> losses;
  const Step step = c.start();
  for (int i = 0; i <= bench::compared_steps; ++i) {
    const Variable<float> loss = step();
    if (loss.size() != 1) return {};
    losses.push_back(loss.item());
  }
  return losses;
}

// "batch 64, bf16": an earlier run's figure must be that of the same precision.
Case labelled(Case c, const std::string& precision) {
  if (precision != "fp32") c.variant += (c.variant.empty() ? "" : ", ") + precision;
  return c;
}

Result measure(const Case& c, const BenchOptions& options) {
  Result result{.shape = labelled(c, options.precision),
                .threads = num_threads(),
                .figures = {},
                .profile = {},
                .losses = {}};
  if (c.figure) {
    for (int round = 0; round < options.rounds; ++round)
      result.figures.push_back(c.figure(options.precision));
    return result;
  }
  if (options.losses) result.losses = losses_of(c);
  const Step step = c.start();
  const Floor floor = c.floor && !options.no_floor ? c.floor() : Floor{};
  time_steps(step, options.seconds);  // warm-up
  std::vector<FloorTimes> floors;
  std::vector<double> totals, shares;
  for (int round = 0; round < options.rounds; ++round) {
    const double seconds = time_steps(step, options.seconds);
    result.figures.push_back(in_unit(c, seconds));
    if (floor.empty()) continue;
    floors.push_back(measure_floor(floor, options.seconds));
    totals.push_back(floors.back().total);
    // Taken one after the other, both met the machine in the same mood.
    shares.push_back(totals.back() / seconds);
  }
  const FloorTimes times = median(floors);
  if (!floor.empty()) {
    result.floor = in_unit(c, median(totals));
    result.floor_share = median(shares);
  }
  if (options.profile) result.profile = profile(step, floor, times, options.seconds);
  return result;
}

Json to_json(const Result& r, const std::string& precision, double ratio) {
  const auto [min, max] = std::minmax_element(r.figures.begin(), r.figures.end());
  Json row{{"workload", r.shape.workload},
           {"variant", r.shape.variant},
           {"threads", r.threads},
           {"precision", precision},
           {"unit", r.shape.unit},
           {"median", median(r.figures)},
           {"min", *min},
           {"max", *max}};
  if (r.floor > 0) {
    row["floor"] = r.floor;
    row["floor_share"] = r.floor_share;
  }
  if (ratio > 0) row["ratio"] = ratio;
  if (!r.losses.empty()) row["losses"] = r.losses;
  for (const ProfileRow& op : r.profile)
    row["profile"].push_back({{"op", op.op},
                              {"pass", op.pass},
                              {"microseconds", op.microseconds},
                              {"share", op.share},
                              {"gflops", op.gflops},
                              {"floor_share", op.floor_share}});
  return row;
}

void print_head(const BenchOptions& options) {
  print("{:<25} {:<13} {:>7}  {:>11}  {:>25} {:<9} {:>7}{}\n", "workload", "", "threads", "median",
        fmt::format("range of {}", options.rounds), "", "floor",
        options.compare.empty() ? "" : "  against");
}

void print_row(const Result& r, const BenchOptions& options, double ratio) {
  const auto [min, max] = std::minmax_element(r.figures.begin(), r.figures.end());
  const auto figure = [](double value) {
    return fmt::format("{:.{}f}", value, value < 100 ? 2 : 0);
  };
  std::string against;
  if (!options.compare.empty())
    against = ratio > 0 ? fmt::format("  {:>6.2f}x", ratio) : "        -";
  print("{:<25} {:<13} {:>7}  {:>11}  {:>11} - {:>11} {:<9} {:>7}{}\n", r.shape.workload,
        r.shape.variant, r.threads, figure(median(r.figures)), figure(*min), figure(*max),
        r.shape.unit, r.floor > 0 ? fmt::format("{:.0f} %", 100 * r.floor_share) : "", against);
  if (!r.losses.empty())
    print("    loss {:.6f} at first, {:.6f} after {} steps\n", r.losses.front(), r.losses.back(),
          bench::compared_steps);
  if (!r.profile.empty()) print_profile(r.profile);
}

// Says so before anything is taken down: what measures a start stops its clock there.
int do_steps(const std::vector<Case>& cases, int count, bool as_json) {
  Step step;
  for (const Case& c : cases) {
    if (!c.start) continue;
    step = c.start();
    for (int i = 0; i < count; ++i) step();
  }
  if (as_json) print_json({{"peak_mebibytes", peak_mebibytes()}});
  return 0;
}

int run(const BenchOptions& options, const CommonOptions& common) {
  const std::vector<Case> cases = select(options);
  use_precision(options.precision);
  if (options.steps > 0) return do_steps(cases, options.steps, common.json);
  BenchClock::use_cpu_time(options.cpu_time);
  const EarlierRun earlier = options.compare.empty() ? EarlierRun() : EarlierRun(options.compare);
  std::vector<int> thread_counts{num_threads()};
  if (common.threads == 0 && num_threads() > 1) thread_counts.insert(thread_counts.begin(), 1);

  Json rows = Json::array();
  if (!common.json) print_head(options);
  for (const Case& c : cases)
    for (const int threads : thread_counts) {
      set_num_threads(threads);
      const Result result = measure(c, options);
      const double ratio = earlier.ratio(result.shape, threads, median(result.figures));
      if (!common.json) print_row(result, options, ratio);
      rows.push_back(to_json(result, options.precision, ratio));
    }
  if (common.json) print_json({{"rounds", options.rounds}, {"results", std::move(rows)}});
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* const verb =
      add_verb(app, session, "bench", "Measure the speed of full training steps",
               [options](const CommonOptions& common) { return run(*options, common); });
  std::string list = "Workloads (default: all but scaling_...):";
  for (const Workload& workload : workloads())
    list += fmt::format(" {} ({});", workload.name, workload.description);
  list.pop_back();
  verb->add_option("workload", options->names, list)->type_name("WORKLOAD");
  verb->add_option("--variant", options->variant, "Only the cases of this name: 'batch 64'");
  add_precision(*verb, options->precision);
  verb->add_option("--seconds", options->seconds, "Least time of one measurement (default: 0.3)")
      ->check(between(0.001, 3600));
  verb->add_option("--rounds", options->rounds, "Measurements per figure (default: 5)")
      ->check(CLI::Range(1, 1000));
  verb->add_option("--compare", options->compare,
                   "An earlier run's --json output: shows how many times as good this one is")
      ->type_name("FILE");
  verb->add_flag("--profile", options->profile,
                 "Time, share, GFLOP/s and share of the floor of each op");
  verb->add_flag("--no-floor", options->no_floor,
                 "Do not time the bare kernels of the workload beside it");
  verb->add_flag(
      "--losses", options->losses,
      "Losses of the first 20 steps, from weights that tools/bench/libtorch_peer has too");
  verb->add_flag("--cpu-time", options->cpu_time,
                 "Time of this process in place of the wall's: for one thread on a busy machine");
  verb->add_option("--steps", options->steps,
                   "Do so many steps of each case and measure nothing: for profilers")
      ->check(CLI::Range(1, 1000000000));
}

}  // namespace xgrad::command
