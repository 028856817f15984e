#include <boost/test/unit_test.hpp>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/optim/ema.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace xgrad;
using optim::Ema;
using optim::EmaApplied;

namespace {

Variable<double> make_parameter() { return Variable<double>(Tensor<double>({5, 7}), true); }

// What stands in the tensor after step t.
void fill(Tensor<double> x, int t) {
  RandomStream random(static_cast<std::uint64_t>(t), "ema test");
  for (double& value : x.values()) value = random.uniform(-1, 1);
}

std::vector<double> elements(const Tensor<double>& x) {
  const auto values = x.values();
  return {values.begin(), values.end()};
}

auto says(std::string text) {
  return [=](const ValueError& error) {
    return std::string(error.what()).find(text) != std::string::npos;
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optim_ema)

// Against the sum that the documentation gives. Values are below 1 and each of ten updates rounds
// a few times.
BOOST_AUTO_TEST_CASE(the_average_is_the_weighted_mean_of_all_values_seen) {
  constexpr int steps = 10;
  for (const double decay : {0.0, 0.5, 0.99}) {
    const auto parameter = make_parameter();
    Tensor<double> buffer(Shape{3});
    Ema<double> ema({parameter}, {buffer}, decay);
    Tensor<double> mean({5, 7}), mean_of_buffer(Shape{3});
    double weights = 0;
    for (int t = 1; t <= steps; ++t) {
      fill(parameter.value(), t);
      fill(buffer, 100 + t);
      ema.update();
      const double weight = std::pow(decay, steps - t);
      weights += weight;
      for (Index i = 0; i < mean.size(); ++i)
        mean.data()[i] += weight * parameter.value().data()[i];
      for (Index i = 0; i < 3; ++i) mean_of_buffer.data()[i] += weight * buffer.data()[i];
    }
    BOOST_TEST(ema.updates() == steps);
    ema.apply();
    for (Index i = 0; i < mean.size(); ++i)
      BOOST_TEST(std::abs(parameter.value().data()[i] - mean.data()[i] / weights) < 1e-14);
    for (Index i = 0; i < 3; ++i)
      BOOST_TEST(std::abs(buffer.data()[i] - mean_of_buffer.data()[i] / weights) < 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(training_goes_on_from_where_it_was) {
  const auto parameter = make_parameter();
  Ema<double> ema({parameter}, {}, 0.9);
  fill(parameter.value(), 1);
  ema.update();
  const auto first = elements(parameter.value());
  fill(parameter.value(), 2);
  const auto second = elements(parameter.value());
  try {
    const EmaApplied<double> averaged(ema);
    BOOST_TEST(ema.applied());
    BOOST_TEST(elements(parameter.value()) == first);  // of one value the average is that value
    throw std::runtime_error("as an evaluation may");
  } catch (const std::runtime_error&) {
  }
  BOOST_TEST(!ema.applied());
  BOOST_TEST(elements(parameter.value()) == second);
  ema.apply();  // the average has been kept, too
  BOOST_TEST(elements(parameter.value()) == first);
}

BOOST_AUTO_TEST_CASE(applying_counts_as_a_write_to_what_a_graph_needs) {
  const auto parameter = make_parameter();
  Ema<double> ema({parameter}, {}, 0.9);
  fill(parameter.value(), 1);
  ema.update();
  fill(parameter.value(), 2);
  const auto loss = sum(mul(parameter, parameter));
  ema.apply();
  BOOST_CHECK_EXCEPTION(loss.backward(), Error, [](const Error& error) {
    return std::string(error.what()).find("Ema apply") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_an_error) {
  const auto parameter = make_parameter();
  for (const double decay : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()})
    BOOST_CHECK_EXCEPTION((Ema<double>({parameter}, {}, decay)), ValueError, says("decay"));
  BOOST_CHECK_EXCEPTION((Ema<double>({}, {}, 0.9)), ValueError, says("nothing to average"));
  Ema<double> ema({parameter}, {}, 0.9);
  BOOST_CHECK_EXCEPTION(ema.apply(), ValueError, says("no average yet"));
  ema.update();
  BOOST_CHECK_EXCEPTION(ema.restore(), ValueError, says("not applied"));
  ema.apply();
  BOOST_CHECK_EXCEPTION(ema.apply(), ValueError, says("applied already"));
  BOOST_CHECK_EXCEPTION(ema.update(), ValueError, says("restore()"));
}

BOOST_AUTO_TEST_SUITE_END()
