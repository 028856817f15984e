// mpi_cost [SECONDS]: what messages and training steps cost, as one JSON object; all times in
// seconds. To be run by mpirun with any number of ranks, of one thread each; tools/bench/mpi_model
// reads it. SECONDS (1) is for each size of message and each network.
//
// Nothing is timed between barriers: repetitions follow each other as steps of a training do, and a
// repetition lasts from the end of the one before on the last rank to its own end on the last rank.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>
#include <tools/bench/rank_networks.hpp>
#include <xgrad/autograd/early_hooks.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/distributed/distributed_model.hpp>
#include <xgrad/distributed/gradient_buckets.hpp>
#include <xgrad/optim/sgd.hpp>

using namespace xgrad;
using distributed::BucketTimes, distributed::Communicator, distributed::PassTimes;
using rank_networks::Network;
using Json = nlohmann::ordered_json;

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Json summary(const std::vector<double>& values) {
  return {{"median", rank_networks::median(values)}, {"low", rank_networks::lower_tenth(values)}};
}

// The time of each of `n` repetitions on the slowest rank.
template <class F>
std::vector<double> repeat(const Communicator& world, int n, const F& f) {
  world.barrier();
  const double begin = now();
  std::vector<double> ends;
  for (int i = 0; i < n; ++i) {
    f();
    ends.push_back(now() - begin);
  }
  for (double& end : ends) end = world.max(end);
  std::vector<double> times;
  double last = 0;
  for (const double end : ends) times.push_back(end - std::exchange(last, end));
  return times;
}

// How often something can be repeated in `seconds`, the same on all ranks; runs it some times.
template <class F>
int repetitions(const Communicator& world, double seconds, const F& f) {
  repeat(world, 3, f);
  const auto times = repeat(world, 5, f);
  const double one = world.max(rank_networks::median(times));
  return static_cast<int>(std::clamp(seconds / one, 10.0, 1000.0));
}

Json measure_messages(const Communicator& world, double seconds) {
  Json rows = Json::array();
  for (std::size_t bytes = 8; bytes <= (std::size_t{16} << 20); bytes *= 2) {
    std::vector<float> values(bytes / sizeof(float)), sums(values.size());
    const auto blocking = [&] { world.sum(std::span(values)); };
    const auto background = [&] {
      world.start_sum(std::span(std::as_const(values)), std::span(sums)).wait();
    };
    rows.push_back(
        {{"bytes", bytes},
         {"sum", summary(repeat(world, repetitions(world, seconds / 4, blocking), blocking))},
         {"start_sum",
          summary(repeat(world, repetitions(world, seconds / 4, background), background))}});
  }
  return rows;
}

// Seconds per byte for adding what another rank has sent.
double measure_addition() {
  std::vector<float> to(1 << 18), from(1 << 18, 1);
  std::vector<double> times;
  for (int i = 0; i < 100; ++i) {
    const double begin = now();
    for (std::size_t k = 0; k < to.size(); ++k) to[k] += from[k];
    times.push_back(now() - begin);
  }
  return rank_networks::median(times) / static_cast<double>(to.size() * sizeof(float));
}

// What a single rank would do for others: DistributedModel leaves it out where there are none.
class AloneModel {
 public:
  AloneModel(nn::Module<float>& net, const Communicator& world)
      : buckets_(net.parameters(), world, distributed::DistributedOptions{}.bucket_bytes) {
    const auto parameters = net.parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i)
      parameters[i].register_hook([this, i](const Tensor<float>& gradient) {
        buckets_.put(i, gradient);
        buckets_.start();
        return Tensor<float>();
      });
  }

  void backward(const Variable<float>& loss) {
    buckets_.start_clock();
    {
      const EarlyHooks early;
      loss.backward();
    }
    times_.backward = buckets_.seconds();
    buckets_.finish();
    times_.synchronized = buckets_.seconds();
    times_.buckets = buckets_.times();
  }

  const PassTimes& times() const { return times_; }

 private:
  distributed::GradientBuckets<float> buckets_;
  PassTimes times_{};
};

template <class Model>
Json measure_steps(const Network& net, Model& model, const Communicator& world, double seconds) {
  optim::SGD<float> sgd(net.module->parameters(), {.lr = 1e-3, .momentum = 0.9});
  std::vector<double> forward, backward, wait, optimizer;
  std::vector<std::vector<double>> ready;
  const auto step = [&] {
    const double begin = now();
    const auto loss = net.loss();
    const double middle = now();
    model.backward(loss);
    const PassTimes& times = model.times();
    const double end = now();
    sgd.step();
    sgd.zero_grad();
    optimizer.push_back(now() - end);
    forward.push_back(middle - begin);
    backward.push_back(times.backward);
    wait.push_back(times.synchronized - times.backward);
    ready.resize(times.buckets.size());
    for (std::size_t k = 0; k < ready.size(); ++k) ready[k].push_back(times.buckets[k].started);
  };
  const int n = repetitions(world, seconds, step);
  for (auto* const part : {&forward, &backward, &wait, &optimizer}) part->clear();
  for (auto& part : ready) part.clear();
  const auto times = repeat(world, n, step);

  Json buckets = Json::array();
  for (std::size_t k = 0; k < ready.size(); ++k)
    buckets.push_back(
        {{"bytes", model.times().buckets[k].bytes}, {"ready", rank_networks::median(ready[k])}});
  return {
      {"step", summary(times)}, {"forward", summary(forward)},     {"backward", summary(backward)},
      {"wait", summary(wait)},  {"optimizer", summary(optimizer)}, {"buckets", buckets},
      {"times", times}};
}

// `steps` is as users run it; one rank has beside it `bucketed`, its share of the work for many.
Json measure(const char* name, Index batch, const Network& net, const Communicator& world,
             double seconds) {
  std::size_t bytes = 0;
  for (const auto& parameter : net.module->parameters())
    bytes += static_cast<std::size_t>(parameter.size()) * sizeof(float);
  Json row{{"network", name}, {"batch", batch}, {"parameter_bytes", bytes}};
  {
    distributed::DistributedModel<float> model(*net.module, world);
    row["steps"] = measure_steps(net, model, world, seconds);
  }
  if (world.ranks() == 1) {
    AloneModel model(*net.module, world);
    row["bucketed"] = measure_steps(net, model, world, seconds);
  }
  return row;
}

int run(const Communicator& world, double seconds) {
  set_num_threads(1);
  Json result{{"ranks", world.ranks()},
              {"cores", std::thread::hardware_concurrency()},
              {"messages", world.ranks() > 1 ? measure_messages(world, seconds) : Json::array()},
              {"addition", measure_addition()},
              {"networks", Json::array()}};
  RandomStream stream(1, "cost");
  const bool alone = world.ranks() == 1;
  for (const Index batch : {1, 2, 4, 8, 16, 32, 64, 128})
    if (alone || batch == 32 || batch == 128)
      result["networks"].push_back(
          measure("lenet_bn", batch, rank_networks::lenet(batch, stream), world, seconds));
  for (const Index batch : {1, 2, 4, 8, 16, 32, 64, 128})
    if (alone || batch == 32)
      result["networks"].push_back(
          measure("lstm_h512", batch, rank_networks::lstm(1, batch, stream), world, seconds));
  if (world.rank() == 0) std::puts(result.dump(1).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return distributed::run_ranks(
      [&](Communicator& world) { return run(world, argc > 1 ? std::atof(argv[1]) : 1); });
}
