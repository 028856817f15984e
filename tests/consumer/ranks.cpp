// Training by several processes, of whom there may be one.
#include <cstdio>
#include <xgrad/distributed/distributed_model.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;

int main() {
  return distributed::run_ranks([](distributed::Communicator& world) {
    nn::Linear<float> net(3, 1);
    distributed::DistributedModel<float> model(net, world);
    model.backward(sum(net(Tensor<float>::full({2, 3}, 4))));
    if (world.rank() == 0)
      std::printf("ranks: %d, gradient: %g\n", world.ranks(), net.weight.grad().data()[2]);
    return 0;
  });
}
