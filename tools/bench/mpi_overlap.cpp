// mpi_overlap [PASSES]: how much of the time for summing gradients over the ranks is hidden behind
// backward. To be run by mpirun with two ranks or more; a row per network. Times are of the slowest
// rank in each pass, and of these the lower tenth: of passes that nothing else on the machine
// disturbs.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include <models/char_rnn/char_rnn.hpp>
#include <models/lenet/lenet.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/distributed/distributed_model.hpp>
#include <xgrad/ops/loss.hpp>

using namespace xgrad;
using distributed::Communicator, distributed::DistributedModel;

namespace {

struct Times {
  double backward = 0, wait = 0;  // seconds; wait: from the end of backward to the end of it all
};

double lower_tenth(std::vector<double> values) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 10);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

using Loss = std::function<Variable<float>()>;

Times measure(nn::Module<float>& net, const Loss& loss, const Communicator& world, bool overlap,
              int passes) {
  DistributedModel<float> model(net, world, {.overlap = overlap});
  std::vector<double> backward, wait;
  for (int pass = 0; pass < passes + 5; ++pass) {
    net.zero_grad();
    const auto y = loss();
    world.barrier();  // what one rank waits for the other's forward is no message's time
    model.backward(y);
    const auto& times = model.times();
    if (pass < 5) continue;
    backward.push_back(world.max(times.backward));
    wait.push_back(world.max(times.synchronized - times.backward));
    if (pass == passes + 4 && overlap && world.rank() == 0)
      for (const auto& bucket : times.buckets)
        std::printf("  bucket of %8zu bytes: sent after %6.2f ms, summed after %6.2f ms\n",
                    bucket.bytes, 1e3 * bucket.started, 1e3 * bucket.done);
  }
  return {lower_tenth(backward), lower_tenth(wait)};
}

void report(const char* name, nn::Module<float>& net, const Loss& loss, const Communicator& world,
            int passes) {
  const Times after = measure(net, loss, world, false, passes);
  const Times during = measure(net, loss, world, true, passes);
  const double saved = after.backward + after.wait - during.backward - during.wait;
  if (world.rank() != 0) return;
  std::printf(
      "%s: backward %.2f ms, then sums %.2f ms; overlapped: backward %.2f ms, then %.2f ms; "
      "hidden: "
      "%.0f %% of the wait, %.0f %% net of what it costs backward\n",
      name, 1e3 * after.backward, 1e3 * after.wait, 1e3 * during.backward, 1e3 * during.wait,
      100 * (1 - during.wait / after.wait), 100 * saved / after.wait);
  std::fflush(stdout);
}

int run(const Communicator& world, int passes) {
  RandomStream stream(1, "overlap");
  const auto random = [&](const Shape& shape) {
    Tensor<float> tensor = Tensor<float>::empty(shape);
    for (float& value : tensor.values()) value = static_cast<float>(stream.normal());
    return tensor;
  };
  const auto below = [&](Index n, Index count) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
    for (auto& id : ids) id = static_cast<std::int32_t>(stream.below(n));
    return ids;
  };

  models::LeNet<float> lenet;
  for (const Index batch : {32, 128}) {
    const auto images = random({batch, 28, 28, 1});
    const auto labels = below(10, batch);
    const auto name = "LeNet, " + std::to_string(batch) + " images per rank";
    report(
        name.c_str(), lenet, [&] { return cross_entropy(lenet(images), labels); }, world, passes);
  }
  constexpr Index steps = 50, batch = 16, characters = 65;
  const auto ids = below(characters, steps * batch), targets = below(characters, steps * batch);
  for (const Index layers : {1, 2}) {
    models::CharRnn<float> net(characters, {.hidden = 512, .layers = layers});
    const auto name = "LSTM of 512 units, layers: " + std::to_string(layers);
    report(
        name.c_str(), net,
        [&] {
          return cross_entropy(net.forward({ids, steps, batch}, {}).logits, targets);
        },
        world, passes / 5 + 1);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return distributed::run_ranks(
      [&](Communicator& world) { return run(world, argc > 1 ? std::atoi(argv[1]) : 50); });
}
