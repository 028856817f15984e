// mpi_overlap [PASSES]: how much of the time for summing gradients over the ranks is hidden behind
// backward. To be run by mpirun with two ranks or more; a row per network. Times are of the slowest
// rank in each pass, and of these the lower tenth: of passes that nothing else on the machine
// disturbs. What is hidden of the time that sums are under way is from the trace of each pass, the
// median of all.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <tools/bench/rank_networks.hpp>
#include <xgrad/distributed/distributed_model.hpp>

using namespace xgrad;
using distributed::Communicator, distributed::DistributedModel, distributed::PassTimes;
using rank_networks::Network, rank_networks::lower_tenth;

namespace {

struct Times {
  double backward = 0, wait = 0;  // seconds; wait: from the end of backward to the end of it all
  double hidden = 0;              // 0 to 1
};

// How long at least one sum was under way before `until`, in seconds.
double under_way(const PassTimes& times, double until) {
  double seconds = 0, counted = 0;
  for (const auto& bucket : times.buckets) {
    seconds += std::max(0.0, std::min(bucket.done, until) - std::max(bucket.started, counted));
    counted = std::max(counted, bucket.done);
  }
  return seconds;
}

Times measure(const Network& net, const Communicator& world, bool overlap, int passes) {
  DistributedModel<float> model(*net.module, world, {.overlap = overlap});
  std::vector<double> backward, wait, hidden;
  for (int pass = 0; pass < passes + 5; ++pass) {
    net.module->zero_grad();
    const auto y = net.loss();
    world.barrier();  // what one rank waits for the other's forward is no message's time
    model.backward(y);
    const auto& times = model.times();
    if (pass < 5) continue;
    backward.push_back(world.max(times.backward));
    wait.push_back(world.max(times.synchronized - times.backward));
    const double all = under_way(times, times.synchronized);
    hidden.push_back(1 - world.max(1 - under_way(times, times.backward) / all));
    if (pass == passes + 4 && overlap && world.rank() == 0)
      for (const auto& bucket : times.buckets)
        std::printf("  bucket of %8zu bytes: sent after %6.2f ms, summed after %6.2f ms\n",
                    bucket.bytes, 1e3 * bucket.started, 1e3 * bucket.done);
  }
  return {lower_tenth(backward), lower_tenth(wait), rank_networks::median(hidden)};
}

void report(const std::string& name, const Network& net, const Communicator& world, int passes) {
  const Times after = measure(net, world, false, passes);
  const Times during = measure(net, world, true, passes);
  if (world.rank() != 0) return;
  std::printf(
      "%s: backward %.2f ms, then sums %.2f ms; overlapped: backward %.2f ms, then %.2f ms; "
      "hidden: %.0f %% of the time that sums are under way, %.0f %% of the wait\n",
      name.c_str(), 1e3 * after.backward, 1e3 * after.wait, 1e3 * during.backward,
      1e3 * during.wait, 100 * during.hidden, 100 * (1 - during.wait / after.wait));
  std::fflush(stdout);
}

int run(const Communicator& world, int passes) {
  RandomStream stream(1, "overlap");
  for (const Index batch : {32, 128})
    report("LeNet, " + std::to_string(batch) + " images per rank",
           rank_networks::lenet(batch, stream), world, passes);
  for (const Index layers : {1, 2})
    report("LSTM of 512 units, layers: " + std::to_string(layers),
           rank_networks::lstm(layers, 16, stream), world, passes / 5 + 1);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return distributed::run_ranks(
      [&](Communicator& world) { return run(world, argc > 1 ? std::atoi(argv[1]) : 50); });
}
