// What concerns a whole process: each figure is that of a new one.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

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

// This program again, on one case, for as many steps as are asked for.
ChildCosts run_steps(const std::string& workload, const std::string& variant, int steps) {
  const std::string threads = std::to_string(num_threads()), count = std::to_string(steps);
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "xgrad", "bench", workload.c_str(), "--variant", variant.c_str(),
          "--threads", threads.c_str(), "--steps", count.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child == -1 || wait4(child, &status, 0, &usage) == -1 || status != 0)
    throw Error(fmt::format("bench: cannot run {} in a process of its own", workload));
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  return {time.count(), static_cast<double>(usage.ru_maxrss) / 1024};
}

}  // namespace

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
