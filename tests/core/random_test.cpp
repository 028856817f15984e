#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>

using namespace xgrad;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(streams_repeat_and_do_not_disturb_each_other) {
  manual_seed(5);
  auto& shuffling = random_stream(RandomPurpose::shuffling);
  const auto a = shuffling.next(), b = shuffling.next();
  manual_seed(5);
  random_stream(RandomPurpose::dropout).next();  // one more draw elsewhere
  BOOST_TEST(random_stream(RandomPurpose::shuffling).next() == a);
  BOOST_TEST(random_stream(RandomPurpose::shuffling).next() == b);
  manual_seed(6);
  BOOST_TEST(random_stream(RandomPurpose::shuffling).next() != a);
  BOOST_TEST(initial_seed() == 6U);
}

BOOST_AUTO_TEST_CASE(the_position_is_the_whole_state) {
  RandomStream stream(1, "x");
  for (int i = 0; i < 7; ++i) stream.next();
  RandomStream restored(1, "x");
  restored.set_position(stream.position());
  for (int i = 0; i < 9; ++i) BOOST_TEST(restored.next() == stream.next());
}

BOOST_AUTO_TEST_CASE(blocks_are_the_same_numbers_in_any_order) {
  RandomStream stream(3, "x");
  const auto block = stream.block(1);
  for (int i = 0; i < 4; ++i) stream.next();
  for (int i = 0; i < 4; ++i) BOOST_TEST(stream.next() == block[static_cast<std::size_t>(i)]);
  stream.next();
  BOOST_TEST(stream.reserve_blocks(2) == 3U);  // the block that was begun is left behind
  BOOST_TEST(stream.position() == 20U);
}

BOOST_AUTO_TEST_CASE(forks_are_independent) {
  const RandomStream parent(1, "x");
  std::set<std::uint32_t> first;
  for (std::uint64_t i = 0; i < 1000; ++i) first.insert(parent.fork(i).next());
  BOOST_TEST(first.size() > 995U);
  BOOST_TEST(parent.fork(3).next() == parent.fork(3).next());
}

// Bounds are five standard deviations of the statistic for the number of draws.
BOOST_AUTO_TEST_CASE(distributions) {
  RandomStream stream(11, "x");
  constexpr int n = 100'000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = stream.uniform();
    BOOST_REQUIRE((u >= 0 && u < 1));
    sum += u;
  }
  BOOST_TEST(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
  sum = 0;
  for (int i = 0; i < n; ++i) {
    const double z = stream.normal();
    sum += z;
    squares += z * z;
  }
  BOOST_TEST(std::abs(sum / n) < 5 / std::sqrt(n));
  BOOST_TEST(std::abs(squares / n - 1) < 5 * std::sqrt(2.0 / n));
  std::vector<int> counts(7);
  for (int i = 0; i < n; ++i) ++counts[static_cast<std::size_t>(stream.below(7))];
  for (int count : counts) BOOST_TEST(std::abs(count - n / 7.0) < 5 * std::sqrt(n / 7.0));
}

BOOST_AUTO_TEST_CASE(permutations) {
  RandomStream stream(2, "x");
  auto order = stream.permutation(100);
  BOOST_TEST(!std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (Index i = 0; i < 100; ++i) BOOST_TEST(order[static_cast<std::size_t>(i)] == i);
  BOOST_TEST(stream.permutation(0).empty());
}

BOOST_AUTO_TEST_SUITE_END()
