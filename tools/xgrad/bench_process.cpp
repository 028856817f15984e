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
  double milliseconds = 0;  ///< from before its start to the end of its steps
  double mebibytes = 0;     ///< the most of its memory that was resident
};

// This program again, on one case, for as many steps as are asked for. It says itself what memory
// it took: what the system tells a parent includes the parent's own, from before exec().
ChildCosts run_steps(const std::string& workload, const std::string& variant, int steps,
                     const std::string& precision) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command =
      fmt::format("exec '{}' bench {} --variant '{}' --threads {} --steps {} --precision {} --json",
                  program.string(), workload, variant, num_threads(), steps, precision);
  const auto start = std::chrono::steady_clock::now();
  FILE* const child = popen(command.c_str(), "r");
  double mebibytes = 0;
  const bool is_read =
      child != nullptr && std::fscanf(child, " {\"peak_mebibytes\":%lf}", &mebibytes) == 1;
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  if (child == nullptr || pclose(child) != 0 || !is_read)
    throw Error(fmt::format("bench: cannot run {} in a process of its own", workload));
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
  const auto add = [&](const char* name, const char* description, const char* unit,
                       std::function<double(const std::string&)> figure) {
    all.push_back({name,
                   description,
                   {{.workload = name,
                     .variant = "",
                     .unit = unit,
                     .start = {},
                     .figure = std::move(figure)}}});
  };
  add("memory", "peak resident memory of a process that trains lenet_bn, batch 256", "MiB",
      [](const std::string& precision) {
        return run_steps("lenet_bn", "batch 256", 5, precision).mebibytes;
      });
  add("startup", "process from its start to the end of its first step of lenet_bn, batch 64", "ms",
      [](const std::string& precision) {
        return run_steps("lenet_bn", "batch 64", 1, precision).milliseconds;
      });
}

}  // namespace xgrad::command
