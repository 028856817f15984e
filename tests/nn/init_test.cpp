#include <boost/test/unit_test.hpp>

#include <xgrad/core/random.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/linear.hpp>

#include <algorithm>
#include <cmath>

using namespace xgrad;
namespace init = xgrad::nn::init;

namespace {

struct Moments {
  double mean = 0, stddev = 0, smallest = 0, largest = 0, kurtosis = 0;
};

Moments moments_of(const Tensor<double>& x) {
  Moments m;
  const auto n = static_cast<double>(x.size());
  for (const double value : x.values()) m.mean += value / n;
  double fourth = 0;
  for (const double value : x.values()) {
    m.stddev += std::pow(value - m.mean, 2) / n;
    fourth += std::pow(value - m.mean, 4) / n;
    m.smallest = std::min(m.smallest, value);
    m.largest = std::max(m.largest, value);
  }
  m.kurtosis = fourth / (m.stddev * m.stddev);
  m.stddev = std::sqrt(m.stddev);
  return m;
}

// Bounds of five standard errors: of the mean sigma / sqrt n; of the standard deviation
// sigma sqrt((kurtosis - 1) / 4n).
void check_uniform(const Tensor<double>& x, double bound) {
  const Moments m = moments_of(x);
  const auto n = static_cast<double>(x.size());
  const double sigma = bound / std::sqrt(3.0);
  BOOST_TEST(std::abs(m.mean) < 5 * sigma / std::sqrt(n));
  BOOST_TEST(std::abs(m.stddev - sigma) < 5 * sigma * std::sqrt((1.8 - 1) / (4 * n)));
  BOOST_TEST(m.smallest >= -bound);
  BOOST_TEST(m.largest < bound);
  BOOST_TEST(m.largest > bound * (1 - 20 / n));
}

void check_normal(const Tensor<double>& x, double sigma) {
  const Moments m = moments_of(x);
  const auto n = static_cast<double>(x.size());
  BOOST_TEST(std::abs(m.mean) < 5 * sigma / std::sqrt(n));
  BOOST_TEST(std::abs(m.stddev - sigma) < 5 * sigma * std::sqrt((3.0 - 1) / (4 * n)));
  BOOST_TEST(std::abs(m.kurtosis - 3) < 5 * std::sqrt(24 / n));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nn_init)

BOOST_AUTO_TEST_CASE(fans_count_inputs_and_outputs_of_every_layout) {
  const auto linear = init::fans_of({50, 20});
  BOOST_TEST(linear.in == 20);
  BOOST_TEST(linear.out == 50);
  const auto conv = init::fans_of({16, 5, 3, 4});
  BOOST_TEST(conv.in == 5 * 3 * 4);
  BOOST_TEST(conv.out == 16 * 5 * 3);
}

BOOST_AUTO_TEST_CASE(distributions_have_the_moments_of_their_formulas) {
  manual_seed(1);
  Tensor<double> w({80, 5, 3, 20});  // fan in 300, fan out 1200
  init::kaiming_uniform(w);
  check_uniform(w, std::sqrt(2.0) * std::sqrt(3.0 / 300));
  init::kaiming_uniform(w, {.a = std::sqrt(5.0)});
  check_uniform(w, 1 / std::sqrt(300.0));
  init::kaiming_normal(w, {.mode = init::FanMode::out, .nonlinearity = init::Nonlinearity::relu});
  check_normal(w, std::sqrt(2.0 / 1200));
  init::kaiming_normal(w, {.nonlinearity = init::Nonlinearity::tanh});
  check_normal(w, 5.0 / 3 / std::sqrt(300.0));
  init::xavier_uniform(w, 2);
  check_uniform(w, 2 * std::sqrt(6.0 / 1500));
  init::xavier_normal(w);
  check_normal(w, std::sqrt(2.0 / 1500));
  init::normal(w, 0, 0.25);
  check_normal(w, 0.25);
  init::uniform(w, -2, 2);
  check_uniform(w, 2);
  init::constant(w, 3);
  BOOST_TEST(std::all_of(w.values().begin(), w.values().end(), [](double v) { return v == 3; }));
  manual_seed(0);
}

BOOST_AUTO_TEST_CASE(layers_start_with_pytorchs_values) {
  manual_seed(1);
  const nn::Conv2d<double> conv(24, 60, {5, 3}, {.groups = 2});  // fan in 5 * 3 * 12
  check_uniform(conv.weight.value(), 1 / std::sqrt(180.0));
  BOOST_TEST(moments_of(conv.bias.value()).largest < 1 / std::sqrt(180.0));
  BOOST_TEST(moments_of(conv.bias.value()).smallest < 0);
  const nn::Linear<double> linear(100, 90);
  check_uniform(linear.weight.value(), 0.1);
  check_uniform(nn::Linear<double>(4, 9000).bias.value(), 0.5);
  check_uniform(nn::Conv1d<double>(50, 40, 8).weight.value(), 1 / std::sqrt(400.0));
  check_normal(nn::Embedding<double>(200, 50).weight.value(), 1);
  const nn::BatchNorm2d<double> norm(3);
  for (const double value : norm.weight.value().values()) BOOST_TEST(value == 1);
  for (const double value : norm.bias.value().values()) BOOST_TEST(value == 0);
  for (const double value : norm.running_var.values()) BOOST_TEST(value == 1);
  manual_seed(0);
}

BOOST_AUTO_TEST_CASE(the_seed_decides_and_the_type_does_not) {
  manual_seed(5);
  const nn::Linear<double> a(7, 3);
  manual_seed(5);
  random_stream(RandomPurpose::dropout).next();  // another stream
  const nn::Linear<float> b(7, 3);
  for (std::size_t i = 0; i < 21; ++i)
    BOOST_TEST(static_cast<float>(a.weight.value().values()[i]) == b.weight.value().values()[i]);
  const nn::Linear<float> c(7, 3);
  BOOST_TEST(b.weight.value().values()[0] != c.weight.value().values()[0]);
  manual_seed(0);
}

BOOST_AUTO_TEST_SUITE_END()
