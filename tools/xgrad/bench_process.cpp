// What concerns a whole process: each figure is that of a new one.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>

#include <fmt/format.h>

#include "tools/xgrad/bench_case.hpp"

namespace xgrad::command {
namespace {

struct ChildCosts {
  double milliseconds = 0;  ///< from before its start until after its end
  double mebibytes = 0;     ///< the most of its memory that was resident
};

// This program again, on one case, for as many steps as are asked for. It says itself what memory
// it took: what the system tells a parent includes the parent's own, from before exec().
ChildCosts run_steps(const std::string& workload, const std::string& variant, int steps) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command =
      fmt::format("'{}' bench {} --variant '{}' --threads {} --steps {} --json", program.string(),
                  workload, variant, num_threads(), steps);
  const auto start = std::chrono::steady_clock::now();
  FILE* const child = popen(command.c_str(), "r");
  double mebibytes = 0;
  const bool is_read =
      child != nullptr && std::fscanf(child, " {\"peak_mebibytes\":%lf}", &mebibytes) == 1;
  if (child == nullptr || pclose(child) != 0 || !is_read)
    throw Error(fmt::format("bench: cannot run {} in a process of its own", workload));
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  return {time.count(), mebibytes};
}

}  // namespace

double peak_mebibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kibibytes = 0; word == "VmHWM:" && status >> kibibytes) return kibibytes / 1024;
  return 0;
}

void add_process_workloads(std::vector<Workload>& all) {
  all.push_back({"memory",
                 "peak resident memory of a process that trains lenet_bn, batch 256",
                 {{.workload = "memory", .variant = "", .unit = "MiB", .start = {}, .figure = [] {
                     return run_steps("lenet_bn", "batch 256", 5).mebibytes;
                   }}}});
  all.push_back({"startup",
                 "process from start to end that does one step of lenet_bn, batch 64",
                 {{.workload = "startup", .variant = "", .unit = "ms", .start = {}, .figure = [] {
                     return run_steps("lenet_bn", "batch 64", 1).milliseconds;
                   }}}});
}

}  // namespace xgrad::command
