// What concerns a whole process: each figure is that of a new one, as xgrad bench does it.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tools/bench/libtorch_peer/peer.hpp"

namespace peer {
namespace {

struct ChildCosts {
  double milliseconds, mebibytes;
};

ChildCosts run_steps(const std::string& workload, const std::string& variant, int steps) {
  std::ostringstream command;
  command << "exec '" << std::filesystem::read_symlink("/proc/self/exe").string() << "' "
          << workload << " --variant '" << variant << "' --threads " << options.threads
          << " --steps " << steps << (options.tuned ? " --tuned" : "")
          << (options.bf16 ? " --bf16" : "");
  const auto start = std::chrono::steady_clock::now();
  FILE* const child = popen(command.str().c_str(), "r");
  double mebibytes = 0;
  const bool is_read =
      child != nullptr && std::fscanf(child, " {\"peak_mebibytes\":%lf}", &mebibytes) == 1;
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  if (child == nullptr || pclose(child) != 0 || !is_read) std::exit(1);
  return {time.count(), mebibytes};
}

double peak_mebibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kibibytes = 0; word == "VmHWM:" && status >> kibibytes) return kibibytes / 1024;
  return 0;
}

}  // namespace

// Says so before anything is taken down: the parent's clock stops there.
void do_steps(const std::vector<Case>& cases) {
  Step step;
  for (const Case& c : cases) {
    if (!c.start) continue;
    step = c.start();
    for (int i = 0; i < options.steps; ++i) step();
  }
  std::printf("{\"peak_mebibytes\":%.6g}\n", peak_mebibytes());
  std::fflush(stdout);
}

void add_process_cases(std::vector<Case>& all) {
  all.push_back(
      {"memory", "", "MiB", 1, {}, [] { return run_steps("lenet_bn", "batch 256", 5).mebibytes; }});
  all.push_back({"startup", "", "ms", 1, {}, [] {
                   return run_steps("lenet_bn", "batch 64", 1).milliseconds;
                 }});
}

}  // namespace peer
