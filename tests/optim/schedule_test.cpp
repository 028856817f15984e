#include <boost/test/unit_test.hpp>

#include <xgrad/optim/schedule.hpp>

#include <cmath>

using namespace xgrad;
using namespace xgrad::optim;

namespace {

void check(const Schedule& schedule, Index step, double expected) {
  const double found = schedule(step);
  BOOST_TEST(std::abs(found - expected) <= 1e-14,
             "step " << step << ": " << found << ", not " << expected);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optim_schedule)

BOOST_AUTO_TEST_CASE(step_decay_multiplies_once_per_period) {
  const auto schedule = step_decay(3, 0.5);
  const double expected[] = {1, 1, 1, 0.5, 0.5, 0.5, 0.25};
  for (Index t = 0; t < std::ssize(expected); ++t) check(schedule, t, expected[t]);
}

BOOST_AUTO_TEST_CASE(cosine_goes_from_one_to_its_minimum) {
  const auto schedule = cosine(4, 0.2);
  check(schedule, 0, 1);
  check(schedule, 1, 0.2 + 0.8 * (1 + std::sqrt(0.5)) / 2);
  check(schedule, 2, 0.6);
  check(schedule, 4, 0.2);
  check(schedule, 9, 0.2);
}

BOOST_AUTO_TEST_CASE(warmup_rises_along_a_line) {
  const auto schedule = linear_warmup(4, 0.2);
  check(schedule, 0, 0.2);
  check(schedule, 1, 0.4);
  check(schedule, 3, 0.8);
  check(schedule, 4, 1);
  check(schedule, 50, 1);
}

// PyTorch's OneCycleLR(max_lr=1, total_steps=10) has its peak at step 0.3 * 10 - 1 = 2.
BOOST_AUTO_TEST_CASE(one_cycle_peaks_and_ends_where_pytorch_does) {
  const auto schedule = one_cycle(10);
  check(schedule, 0, 0.04);
  check(schedule, 1, 0.52);
  check(schedule, 2, 1);
  check(schedule, 9, 0.04e-4);
  check(schedule, 99, 0.04e-4);
  const auto even = one_cycle(10, {.pct_start = 0.2, .div_factor = 10, .final_div_factor = 100});
  check(even, 0, 0.1);
  check(even, 1, 1);
  check(even, 5, (1 + 0.001) / 2);  // halfway from 1 to 9
  check(one_cycle(5, {.pct_start = 1}), 4, 1);
  BOOST_TEST(one_cycle(5, {.pct_start = 0})(0) < 1);
}

BOOST_AUTO_TEST_CASE(sequence_starts_the_second_schedule_from_zero) {
  const auto schedule = sequence(linear_warmup(2, 0.5), 2, cosine(2));
  check(schedule, 0, 0.5);
  check(schedule, 1, 0.75);
  check(schedule, 2, 1);
  check(schedule, 3, 0.5);
  check(schedule, 4, 0);
}

BOOST_AUTO_TEST_SUITE_END()
