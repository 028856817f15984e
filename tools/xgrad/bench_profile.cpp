#include "tools/xgrad/bench_profile.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "tools/xgrad/bench_clock.hpp"
#include "tools/xgrad/command.hpp"

namespace xgrad::command {
namespace {

using Key = std::pair<std::string, OpPass>;

// Counts the time since the last op finished as that of the op that finishes now.
class Stopwatch : public OpListener {
 public:
  void start() { last_ = BenchClock::now(); }
  double lap() {
    const double before = std::exchange(last_, BenchClock::now());
    return last_ - before;
  }
  std::map<Key, double> seconds;

 private:
  void finished(const char* op, OpPass pass) override { seconds[{op, pass}] += lap(); }
  double last_ = 0;
};

const char* name_of(OpPass pass) {
  switch (pass) {
    case OpPass::forward:
      return "forward";
    case OpPass::backward:
      return "backward";
    case OpPass::update:
      break;
  }
  return "update";
}

}  // namespace

std::vector<ProfileRow> profile(const Step& step, const Floor& floor, const FloorTimes& times,
                                double seconds) {
  Stopwatch watch;
  double total = 0, between = 0;
  int steps = 0;
  for (; total < seconds || steps < 3; ++steps) {
    watch.start();
    step();
    between += watch.lap();
    total = between;
    for (const auto& [key, time] : watch.seconds) total += time;
  }
  std::vector<ProfileRow> rows;
  for (const auto& [key, time] : watch.seconds) {
    ProfileRow row{key.first, name_of(key.second), 1e6 * time / steps, time / total};
    double flops = 0, least = 0;
    for (std::size_t i = 0; i < floor.size(); ++i) {
      if (Key(floor[i].op, floor[i].pass) != key) continue;
      flops += floor[i].flops;
      least += times.parts[i];
    }
    row.gflops = 1e-9 * flops * steps / time;
    row.floor_share = least * steps / time;
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end(), [](const ProfileRow& a, const ProfileRow& b) {
    return a.microseconds > b.microseconds;
  });
  rows.push_back({"(between ops)", "", 1e6 * between / steps, between / total});
  return rows;
}

void print_profile(const std::vector<ProfileRow>& rows) {
  print("    {:<20} {:<9} {:>10} {:>7} {:>9} {:>7}\n", "op", "pass", "us", "share", "GFLOP/s",
        "floor");
  const auto percent = [](double share) {
    return share > 0 ? fmt::format("{:.0f} %", 100 * share) : std::string();
  };
  for (const ProfileRow& row : rows)
    print("    {:<20} {:<9} {:>10.1f} {:>7} {:>9} {:>7}\n", row.op, row.pass, row.microseconds,
          fmt::format("{:.1f} %", 100 * row.share),
          row.gflops > 0 ? fmt::format("{:.0f}", row.gflops) : "", percent(row.floor_share));
}

}  // namespace xgrad::command
