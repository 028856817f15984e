// failing_rank HOW RANK: a program whose rank RANK (-1: each) ends as HOW says, while the others
// wait for it; or "counts" its threads.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <xgrad/core/error.hpp>
#include <xgrad/distributed/communicator.hpp>
#include <xgrad/distributed/distributed_model.hpp>
#include <xgrad/distributed/sync_batch_norm.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/ops/reduce.hpp>

using namespace xgrad;

namespace {

// Throws on one rank in the middle of a backward pass, with sums on their way.
void train(distributed::Communicator& world, bool fails) {
  nn::Sequential<float> net(nn::Linear<float>(3, 4), nn::BatchNorm1d<float>(4),
                            nn::Linear<float>(4, 2));
  distributed::synchronize_batch_norm(net, world);
  distributed::DistributedModel<float> model(net, world, {.bucket_bytes = 1});
  int step = 0;
  net.parameters()[0].register_hook([&](const Tensor<float>&) {
    if (fails && step == 3) throw ValueError("a hook has enough");
    return Tensor<float>();
  });
  for (;; ++step) model.backward(sum(net(Tensor<float>::full({5, 3}, 1))));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string how = argv[1];
  const int rank = std::atoi(argv[2]);
  return distributed::run_ranks([&](distributed::Communicator& world) {
    if (how == "counts") {
      std::printf("threads: %d\n", world.threads());
      return 0;
    }
    if (how == "trains") train(world, world.rank() == rank);
    if (world.rank() == rank || rank < 0) {
      if (how == "throws") throw ValueError("the loss is nan");
      if (how == "throws_something") throw 1;
      if (how == "dies") std::raise(SIGKILL);
    }
    world.barrier();
    std::puts("unharmed");
    return 0;
  });
}
