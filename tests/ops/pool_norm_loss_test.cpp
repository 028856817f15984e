// What the table of samples cannot say of pooling, batch norm and the losses: kinks, extremes,
// state.

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

#include <xgrad/core/random.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool.hpp>

using namespace xgrad;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

std::vector<float> gradient_of_sum(const Variable<float>& x, const Variable<float>& y) {
  y.backward(Tensor<float>::full(y.shape(), 1));
  const Tensor<float> gradient = x.grad();
  return {gradient.values().begin(), gradient.values().end()};
}

// x with `value` in all channels of pixel i being values[i].
Variable<float> image(const std::vector<float>& values, Index height, Index width, Index channels) {
  Tensor<float> x({1, height, width, channels});
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = values[static_cast<std::size_t>(i / channels)];
  return Variable<float>(x, true);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pool_norm_loss)

// 1, 6, 16 and 24 channels take different loops.
BOOST_AUTO_TEST_CASE(the_first_of_equal_values_takes_the_gradient_of_max_pool2d) {
  for (const Index channels : {1, 6, 16, 24}) {
    const auto x = image({5, 5, 1, 2, 5, 5, 2, 2}, 2, 4, channels);
    const auto gradient = gradient_of_sum(x, max_pool2d(x, 2));
    for (Index c = 0; c < channels; ++c) {
      std::vector<float> plane;
      for (Index i = 0; i < 8; ++i)
        plane.push_back(gradient[static_cast<std::size_t>(i * channels + c)]);
      BOOST_TEST(plane == (std::vector<float>{1, 0, 0, 1, 0, 0, 0, 0}),
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(max_pool2d_passes_nan_on_and_keeps_minus_infinity_inside) {
  for (const Index channels : {1, 16}) {
    const auto x = image({not_a_number, 1, 2, not_a_number, 3, 4, 5, 6}, 2, 4, channels);
    const auto y = max_pool2d(x, 2).value();
    BOOST_TEST(std::isnan(y.values().front()));
    BOOST_TEST(std::isnan(y.values().back()));
    // Padding is never the maximum, also where it is as large as one.
    const auto low = image(std::vector<float>(9, -infinity), 3, 3, channels);
    const auto gradient =
        gradient_of_sum(low, max_pool2d(low, {.kernel = 2, .stride = 2, .padding = 1}));
    float total = 0;
    for (const float g : gradient) total += g;
    BOOST_TEST(total == static_cast<float>(4 * channels));
  }
}

BOOST_AUTO_TEST_CASE(pooling_output_sizes) {
  const Variable<float> x(Tensor<float>({2, 28, 27, 3}));
  BOOST_TEST((max_pool2d(x, 2).shape() == Shape{2, 14, 13, 3}));
  BOOST_TEST(
      (max_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1}).shape() == Shape{2, 14, 14, 3}));
  BOOST_TEST((avg_pool2d(x, {.kernel = {5, 3}, .stride = {3, 1}}).shape() == Shape{2, 8, 25, 3}));
}

BOOST_AUTO_TEST_CASE(batch_norm_updates_running_statistics_in_place_as_pytorch_does) {
  BatchNormStats<float> stats(2);
  const Tensor<float> mean = stats.running_mean, var = stats.running_var;  // a module's buffers
  const Variable<float> x(Tensor<float>::from({1, 10, 2, 20, 6, 60}, {3, 2}));
  batch_norm(x, {}, {}, stats, {.momentum = 0.25});
  // Means 3 and 30, unbiased variances 7 and 700.
  BOOST_TEST(mean.data()[0] == 0.75F);
  BOOST_TEST(mean.data()[1] == 7.5F);
  BOOST_TEST(var.data()[0] == 2.5F);
  BOOST_TEST(var.data()[1] == 175.75F);
  batch_norm(x, {}, {}, stats, {.training = false});
  BOOST_TEST(mean.data()[0] == 0.75F);
  BOOST_TEST(var.data()[1] == 175.75F);
}

BOOST_AUTO_TEST_CASE(batch_norm_is_accurate_far_from_zero) {
  for (const Index channels : {1, 6, 16, 33}) {
    RandomStream random(3, "far");
    Tensor<float> x({50000 / channels, channels});
    double sum = 0, square = 0;
    for (float& value : x.values()) {
      value = static_cast<float>(10000 + random.normal());
      sum += static_cast<double>(value) - 10000;
      square += std::pow(static_cast<double>(value) - 10000, 2);
    }
    BatchNormStats<float> stats(channels);
    batch_norm(Variable<float>(x), {}, {}, stats, {.momentum = 1});
    double mean = 0, var = 0;
    for (Index c = 0; c < channels; ++c) {
      mean += static_cast<double>(std::as_const(stats.running_mean).data()[c]);
      var += static_cast<double>(std::as_const(stats.running_var).data()[c]);
    }
    // A float near 10000 is good to 0.0005; the channels' own means take a little of the variance,
    // about channels / 50000.
    BOOST_TEST(std::abs(mean / double(channels) - 10000 - sum / double(x.size())) < 5e-4);
    BOOST_TEST(var / double(channels) == square / double(x.size()),
               boost::test_tools::tolerance(2e-3));
  }
}

// Problem g of the worksheet: the pixels of a batch are the rows of a matrix.
BOOST_AUTO_TEST_CASE(batch_norm_of_images_equals_batch_norm_of_the_reshaped_matrix) {
  RandomStream random(4, "images");
  Tensor<float> values({4, 5, 6, 3}), cotangent(values.shape());
  for (float& v : values.values()) v = static_cast<float>(random.normal());
  for (float& v : cotangent.values()) v = static_cast<float>(random.normal());
  const auto run = [&](const Shape& shape) {
    const Variable<float> x(values.reshape(shape), true);
    const Variable<float> gamma(Tensor<float>::from({0.5, 1, 2}, {3}), true);
    const Variable<float> beta(Tensor<float>::from({1, 0, -1}, {3}), true);
    BatchNormStats<float> stats(3);
    const auto y = batch_norm(x, gamma, beta, stats);
    y.backward(cotangent.reshape(shape));
    std::vector<float> all;
    for (const auto& t :
         {y.value(), x.grad(), gamma.grad(), beta.grad(), stats.running_mean, stats.running_var})
      all.insert(all.end(), t.values().begin(), t.values().end());
    return all;
  };
  BOOST_TEST(run({4, 5, 6, 3}) == run({120, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(losses_do_not_overflow) {
  const Variable<float> x(Tensor<float>::from({1e4F, 0, -1e4F, -3e4F, -3e4F, -3e4F}, {2, 3}), true);
  const std::vector<std::int32_t> targets{2, 1};
  const auto loss = cross_entropy(x, targets, {.reduction = Reduction::none});
  BOOST_TEST(loss.value().values()[0] == 2e4F);
  BOOST_TEST(loss.value().values()[1] == std::log(3.0F), boost::test_tools::tolerance(1e-6F));
  const auto gradient = gradient_of_sum(x, loss);
  const std::vector<float> expected{1, 0, -1, 1 / 3.0F, -2 / 3.0F, 1 / 3.0F};
  for (std::size_t i = 0; i < 6; ++i) BOOST_TEST(std::abs(gradient[i] - expected[i]) < 1e-6F);
}

BOOST_AUTO_TEST_CASE(the_targets_may_be_gone_before_backward) {
  const Variable<float> x(Tensor<float>({2, 2}), true);
  std::vector<std::int32_t> targets{0, 1};
  const auto loss = cross_entropy(x, targets);
  targets.assign({1, 0});
  loss.backward();
  BOOST_TEST(x.grad().values()[0] == -0.25F);
  BOOST_TEST(x.grad().values()[1] == 0.25F);
}

BOOST_AUTO_TEST_SUITE_END()
