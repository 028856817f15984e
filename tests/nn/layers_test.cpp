#include <boost/test/unit_test.hpp>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/pool.hpp>
#include <xgrad/ops/linear.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

using namespace xgrad;

namespace {

Variable<double> input(const Shape& shape) {
  RandomStream random(1, "layers test");
  Tensor<double> x = Tensor<double>::empty(shape);
  for (double& value : x.values()) value = random.uniform(-1, 1);
  return Variable<double>(x);
}

Variable<double> counting(const Shape& shape) {
  Tensor<double> x = Tensor<double>::empty(shape);
  std::iota(x.data(), x.data() + x.size(), 0.0);
  return Variable<double>(x);
}

void check_equal(const Variable<double>& a, const Variable<double>& b) {
  BOOST_TEST((a.shape() == b.shape()), a.shape().to_string() << " and " << b.shape().to_string());
  const auto x = a.value().values(), y = b.value().values();
  BOOST_TEST(std::equal(x.begin(), x.end(), y.begin(), y.end()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nn_layers)

// Each layer is its op with its own parameters and options.
BOOST_AUTO_TEST_CASE(layers_apply_their_ops_with_their_options) {
  {
    nn::Conv2d<double> layer(4, 6, {3, 2}, {.stride = {2, 1}, .padding = {1, 0}, .groups = 2});
    const auto x = input({2, 5, 6, 4});
    const Conv2dOptions options{.stride = {2, 1}, .padding = {1, 0}, .groups = 2};
    check_equal(layer(x), conv2d(x, layer.weight, layer.bias, options));
  }
  {
    nn::Conv1d<double> layer(3, 5, 2, {.dilation = 2}, false);
    const auto x = input({2, 7, 3});
    check_equal(layer(x), conv1d(x, layer.weight, {}, {.dilation = 2}));
    BOOST_TEST(!layer.bias.defined());
  }
  const auto image = input({2, 6, 4, 3});
  check_equal(nn::MaxPool2d<double>(2)(image), max_pool2d(image, {.kernel = 2}));
  const PoolOptions pool{.kernel = 3, .stride = 1, .padding = 1};
  check_equal(nn::MaxPool2d<double>(3, 1, 1)(image), max_pool2d(image, pool));
  check_equal(nn::AvgPool2d<double>(Size2d(3, 2))(image), avg_pool2d(image, {.kernel = {3, 2}}));
  check_equal(nn::AvgPool2d<double>(3, 1, 1)(image), avg_pool2d(image, pool));
  check_equal(nn::GlobalAvgPool2d<double>()(image), global_avg_pool2d(image));
  {
    nn::Linear<double> layer(3, 5);
    check_equal(layer(image), linear(image, layer.weight, layer.bias));
  }
  const auto x = input({3, 4});
  check_equal(nn::Tanh<double>()(x), tanh(x));
  check_equal(nn::ReLU<double>()(x), relu(x));
  check_equal(nn::Sigmoid<double>()(x), sigmoid(x));
  check_equal(nn::Softmax<double>(0)(x), softmax(x, 0));
  check_equal(nn::LogSoftmax<double>()(x), log_softmax(x));
}

BOOST_AUTO_TEST_CASE(batch_norm_tracks_statistics_in_training_and_uses_them_in_evaluation) {
  nn::BatchNorm1d<double> layer(2, 1e-5, 0.25);
  const Variable<double> x(Tensor<double>::from({1, 10, 3, 10, 5, 40}, {3, 2}));
  layer(x);
  // Means 3 and 20, unbiased variances 4 and 300; a quarter of them and three quarters of 0 and 1.
  BOOST_TEST(layer.running_mean.data()[0] == 0.75);
  BOOST_TEST(layer.running_mean.data()[1] == 5);
  BOOST_TEST(std::abs(layer.running_var.data()[0] - 1.75) < 1e-14);
  BOOST_TEST(std::abs(layer.running_var.data()[1] - 75.75) < 1e-12);
  BOOST_TEST(layer.num_batches_tracked.item() == 1);
  // The buffers are the same memory, and state_dict sees the numbers.
  BOOST_TEST(layer.state_dict().at("running_mean").data()[1] == 5);

  layer.eval();
  const auto y = layer(x);
  BOOST_TEST(std::abs(y.value().data()[0] - (1 - 0.75) / std::sqrt(1.75 + 1e-5)) < 1e-14);
  BOOST_TEST(layer.running_mean.data()[1] == 5);
  BOOST_TEST(layer.num_batches_tracked.item() == 1);

  nn::BatchNorm1d<double> loaded(2);
  loaded.load_state_dict(layer.state_dict());
  loaded.eval();
  check_equal(loaded(x), y);
}

BOOST_AUTO_TEST_CASE(dropout_acts_in_training_only) {
  nn::Dropout<double> layer(0.5);
  const Variable<double> x(Tensor<double>::full({40, 25}, 1));
  const auto y = layer(x);
  const auto kept = std::count(y.value().values().begin(), y.value().values().end(), 2.0);
  const auto dropped = std::count(y.value().values().begin(), y.value().values().end(), 0.0);
  BOOST_TEST(kept + dropped == 1000);
  BOOST_TEST(std::abs(static_cast<double>(kept) - 500) < 5 * std::sqrt(250));  // 5 sigma
  layer.eval();
  check_equal(layer(x), x);
}

BOOST_AUTO_TEST_CASE(embedding_looks_rows_up) {
  nn::Embedding<double> layer(5, 3);
  const std::array<std::int32_t, 4> ids{4, 0, 4, 2};
  const auto y = layer(ids);
  BOOST_TEST((y.shape() == Shape{4, 3}));
  BOOST_TEST(y.value().data()[7] == layer.weight.value().data()[13]);
  BOOST_TEST((layer(ids, {2, 2}).shape() == Shape{2, 2, 3}));
}

BOOST_AUTO_TEST_CASE(flatten_keeps_the_batch_in_either_order) {
  const auto x = counting({2, 2, 1, 3});  // element h * 3 + c of each image
  check_equal(nn::Flatten<double>()(x), counting({2, 6}));
  const auto y = nn::Flatten<double>(nn::FlattenOrder::channels_first)(x);
  BOOST_TEST((y.shape() == Shape{2, 6}));
  const std::vector<double> expected{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11};
  BOOST_TEST(std::vector<double>(y.value().values().begin(), y.value().values().end()) == expected,
             boost::test_tools::per_element());
  check_equal(nn::Flatten<double>(nn::FlattenOrder::channels_first)(counting({2, 3})),
              counting({2, 3}));
}

BOOST_AUTO_TEST_SUITE_END()
