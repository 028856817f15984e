// failing_rank HOW RANK: a program whose rank RANK ends as HOW says, while the others wait for it.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <xgrad/core/error.hpp>
#include <xgrad/distributed/communicator.hpp>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string how = argv[1];
  const int rank = std::atoi(argv[2]);
  return xgrad::distributed::run_ranks([&](xgrad::distributed::Communicator& world) {
    if (world.rank() == rank || rank < 0) {
      if (how == "throws") throw xgrad::ValueError("the loss is nan");
      if (how == "throws_something") throw 1;
      if (how == "dies") std::raise(SIGKILL);
    }
    world.barrier();
    std::puts("unharmed");
    return 0;
  });
}
