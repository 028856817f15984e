// The command line of libtorch_peer.

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "tools/bench/libtorch_peer/peer.hpp"

namespace peer {
namespace {

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: libtorch_peer [WORKLOAD ...] [--tuned] [--bf16] [--variant TEXT] "
               "[--threads N] [--rounds N] [--seconds X] [--losses] [--cpu-time] [--steps N]\n"
               "--bf16 is for networks of images and characters.\n"
               "Prints one JSON object like that of xgrad bench --json.\n");
  std::exit(2);
}

void parse(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string { return i + 1 < argc ? argv[++i] : (usage(), ""); };
    if (word == "--tuned")
      options.tuned = true;
    else if (word == "--bf16")
      options.bf16 = true;
    else if (word == "--losses")
      options.losses = true;
    else if (word == "--cpu-time")
      options.cpu_time = true;
    else if (word == "--variant")
      options.variant = value();
    else if (word == "--threads")
      options.threads = std::stoi(value());
    else if (word == "--rounds")
      options.rounds = std::stoi(value());
    else if (word == "--seconds")
      options.seconds = std::stod(value());
    else if (word == "--steps")
      options.steps = std::stoi(value());
    else if (word.rfind("--", 0) == 0)
      usage();
    else
      options.names.push_back(word);
  }
}

// The cases that were named, all if none was.
std::vector<Case> chosen_cases() {
  std::vector<Case> all, chosen;
  add_image_cases(all);
  add_char_cases(all);
  add_small_cases(all);
  add_process_cases(all);
  for (const Case& c : all) {
    const auto& names = options.names;
    if (!names.empty() && std::find(names.begin(), names.end(), c.workload) == names.end())
      continue;
    if (options.variant.empty() || options.variant == c.variant) chosen.push_back(c);
  }
  if (chosen.empty()) usage();
  return chosen;
}

int run() {
  at::set_num_threads(options.threads);
  at::globalContext().setFlushDenormal(true);
  const std::vector<Case> cases = chosen_cases();
  if (options.steps > 0) {
    do_steps(cases);
    return 0;
  }
  std::printf("{\"rounds\":%d,\"results\":[", options.rounds);
  for (std::size_t i = 0; i < cases.size(); ++i) print_measured(cases[i], i == 0);
  std::printf("]}\n");
  return 0;
}

}  // namespace
}  // namespace peer

int main(int argc, char** argv) {
  peer::parse(argc, argv);
  return peer::run();
}
