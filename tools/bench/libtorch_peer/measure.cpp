// Measuring, as xgrad bench does it.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <sstream>

#include <ATen/ops/item.h>

#include "tools/bench/inputs.hpp"
#include "tools/bench/libtorch_peer/peer.hpp"

namespace peer {
namespace {

double now() {
  timespec time{};
  clock_gettime(options.cpu_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double time_steps(const Step& step) {
  const double start = now();
  double elapsed = 0;
  int steps = 0;
  do {
    step();
    ++steps;
    elapsed = now() - start;
  } while (elapsed < options.seconds);
  return elapsed / steps;
}

double in_unit(const Case& c, double seconds) {
  if (c.unit.size() > 2 && c.unit.substr(c.unit.size() - 2) == "/s") return c.amount / seconds;
  return (c.unit == "ns" ? 1e9 : c.unit == "us" ? 1e6 : 1e3) * seconds / c.amount;
}

// "batch 64, bf16"
std::string labelled(const std::string& variant) {
  if (!options.bf16) return variant;
  return variant.empty() ? "bf16" : variant + ", bf16";
}

}  // namespace

void print_measured(const Case& c, bool is_first) {
  std::ostringstream losses;
  losses.precision(9);
  std::vector<double> figures;
  if (c.figure) {
    for (int i = 0; i < options.rounds; ++i) figures.push_back(c.figure());
  } else {
    if (options.losses) {
      const Step step = c.start();
      for (int i = 0; i <= bench::compared_steps; ++i) {
        const Tensor loss = step();
        if (loss.numel() == 1) losses << (i == 0 ? "" : ",") << loss.item<float>();
      }
    }
    const Step step = c.start();
    time_steps(step);  // warm-up
    for (int i = 0; i < options.rounds; ++i) figures.push_back(in_unit(c, time_steps(step)));
  }
  std::sort(figures.begin(), figures.end());
  std::printf(
      "%s{\"workload\":\"%s\",\"variant\":\"%s\",\"threads\":%d,\"unit\":\"%s\","
      "\"precision\":\"%s\",\"median\":%.9g,\"min\":%.9g,\"max\":%.9g",
      is_first ? "" : ",", c.workload.c_str(), labelled(c.variant).c_str(), options.threads,
      c.unit.c_str(), options.bf16 ? "bf16" : "fp32", figures[figures.size() / 2], figures.front(),
      figures.back());
  if (!losses.str().empty()) std::printf(",\"losses\":[%s]", losses.str().c_str());
  std::printf("}");
}

}  // namespace peer
