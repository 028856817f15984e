#include "tools/xgrad/run_options.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

namespace xgrad::command {

void add_run_options(CLI::App& verb, std::optional<std::string>& out,
                     std::optional<std::string>& resume, Index& checkpoint_every,
                     std::initializer_list<std::string> allowed) {
  verb.add_option("--out", out, "Folder to keep the run in: weights, metrics and checkpoints")
      ->type_name("RUN");
  CLI::Option* const resumed =
      verb.add_option("--resume", resume,
                      "Go on with the run in this folder, byte for byte as if it had never stopped")
          ->type_name("RUN");
  std::vector<std::string> free{"--help", "--resume", "--threads", "--log-level", "--json"};
  free.insert(free.end(), allowed);
  for (CLI::Option* const option : verb.get_options())
    if (std::ranges::find(free, option->get_name()) == free.end()) resumed->excludes(option);
  verb.add_option("--checkpoint-every", checkpoint_every,
                  "Steps between checkpoints, besides those after each epoch (default: a minute)")
      ->type_name("STEPS")
      ->check(CLI::Range(1, 1'000'000'000));
}

int tell_stopped(const std::string& after, const RunWriter* run, int signal) {
  if (run == nullptr)
    fmt::print(stderr, "xgrad: stopped after {}: nothing was kept (--out RUN keeps it)\n", after);
  else
    fmt::print(stderr, "xgrad: stopped after {}: go on with --resume {}\n", after,
               run->folder().string());
  return 128 + signal;
}

}  // namespace xgrad::command
