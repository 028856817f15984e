#include "world.hpp"

#include <string>

#include <xgrad/core/parallel.hpp>

using namespace xgrad;
using tests::world;

BOOST_AUTO_TEST_SUITE(communicator)

BOOST_AUTO_TEST_CASE(counts_the_ranks) {
  BOOST_TEST((world().rank() >= 0 && world().rank() < world().ranks()));
  BOOST_TEST(world().local_ranks() == world().ranks());  // all on this machine
  BOOST_TEST(world().local_rank() == world().rank());
  BOOST_TEST(world().threads() >= 1);
  BOOST_TEST(num_threads() == world().threads());
}

BOOST_AUTO_TEST_CASE(broadcasts_sums_and_finds_the_largest) {
  const int rank = world().rank(), ranks = world().ranks(), last = ranks - 1;
  auto tensor = Tensor<float>::full({3, 2}, static_cast<float>(rank + 1));
  world().broadcast(tensor, last);
  BOOST_TEST(tensor.data()[5] == static_cast<float>(ranks));
  world().sum(tensor);
  BOOST_TEST(tensor.data()[0] == static_cast<float>(ranks * ranks));
  BOOST_TEST(world().sum(rank + 0.5) == ranks * last / 2.0 + ranks * 0.5);
  BOOST_TEST(world().max(-rank) == 0);
  world().barrier();
}

BOOST_AUTO_TEST_CASE(sums_in_the_background_apart_from_its_duplicate) {
  const auto other = world().duplicate();
  const std::vector<double> a(1000, world().rank()), b(10, 1);
  std::vector<double> sums_of_a(a.size()), sums_of_b(b.size());
  BOOST_CHECK_THROW(world().start_sum(std::span(a), std::span(sums_of_b)), ValueError);
  const double ranks = world().ranks(), sum = ranks * (ranks - 1) / 2;
  // In another order on odd ranks: messages of one communicator are not taken for the other's.
  distributed::PendingSum first, second;
  if (world().rank() % 2 == 0) {
    first = world().start_sum(std::span(a), std::span(sums_of_a));
    second = other.start_sum(std::span(b), std::span(sums_of_b));
  } else {
    second = other.start_sum(std::span(b), std::span(sums_of_b));
    first = world().start_sum(std::span(a), std::span(sums_of_a));
  }
  BOOST_TEST(first.pending());
  first.wait();
  while (!second.test()) {
  }
  BOOST_TEST((!first.pending() && !second.pending()));
  BOOST_TEST((sums_of_a.front() == sum && sums_of_a.back() == sum && sums_of_b.back() == ranks));
}

BOOST_AUTO_TEST_CASE(says_what_failed_and_where) {
  double value = 0;
  const auto names_the_rank = [](const distributed::MpiError& error) {
    const std::string message = error.what();
    return message.find("MPI_Bcast failed on rank " + std::to_string(world().rank())) == 0;
  };
  BOOST_CHECK_EXCEPTION(world().broadcast(std::span(&value, 1), world().ranks()),
                        distributed::MpiError, names_the_rank);
}

BOOST_AUTO_TEST_SUITE_END()
