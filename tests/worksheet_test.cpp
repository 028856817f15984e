// The worksheet that the project was born from ("Designing, Visualizing & Understanding DNN",
// Discussion 04: CNN and RNN), problem by problem. Data are small integers and step sizes powers of
// two wherever an identity is claimed to be exact: then so is floating-point arithmetic.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstring>

#include <xgrad/xgrad.hpp>

using namespace xgrad;

namespace {

Tensor<double> integers(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed, "worksheet");
  Tensor<double> x(shape);
  for (double& value : x.values()) value = static_cast<double>(random.below(19) - 9);
  return x;
}

Tensor<double> reals(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed, "worksheet");
  Tensor<double> x(shape);
  for (double& value : x.values()) value = random.uniform(-1, 1);
  return x;
}

bool equal(const Tensor<double>& a, const Tensor<double>& b) {
  return a.shape() == b.shape() && std::equal(a.values().begin(), a.values().end(), b.data());
}

// [n, n] as an image or filter of one channel.
Tensor<double> as_image(const Tensor<double>& x) {
  return x.reshape({1, x.shape(0), x.shape(1), 1});
}

// X ⋆ Y without padding: conv2d of one channel, back to a matrix.
Tensor<double> correlate(const Tensor<double>& x, const Tensor<double>& y) {
  const auto out = conv2d(Variable<double>(as_image(x)), Variable<double>(as_image(y)));
  return out.value().reshape({out.shape(1), out.shape(2)});
}

Tensor<double> pad_all_around(const Tensor<double>& x, Index by) {
  const Index h = x.shape(0), w = x.shape(1);
  Tensor<double> y(Shape{h + 2 * by, w + 2 * by});
  for (Index i = 0; i < h; ++i)
    std::copy_n(std::as_const(x).data() + i * w, w, y.data() + (i + by) * (w + 2 * by) + by);
  return y;
}

Tensor<double> reversed(const Tensor<double>& w) {
  Tensor<double> y = w.clone();
  std::reverse(y.values().begin(), y.values().end());
  return y;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(worksheet)

BOOST_AUTO_TEST_CASE(problem_1_convolution_dimensions) {
  const Variable<float> image(Tensor<float>(Shape{1, 32, 32, 3}));
  const Variable<float> one_filter(Tensor<float>(Shape{1, 5, 5, 3}));
  BOOST_TEST((conv2d(image, one_filter).shape() == Shape{1, 28, 28, 1}));
  BOOST_TEST((conv2d(image, one_filter, {}, {.padding = 2}).shape() == Shape{1, 32, 32, 1}));

  const auto count = [](nn::Conv2d<float>& layer) {
    Index total = 0;
    for (const auto& parameter : layer.parameters()) total += parameter.size();
    return total;
  };
  nn::Conv2d<float> with_bias(3, 10, 5, {.padding = 2});
  nn::Conv2d<float> without_bias(3, 10, 5, {.padding = 2, .bias = false});
  BOOST_TEST((with_bias.forward(image).shape() == Shape{1, 32, 32, 10}));
  BOOST_TEST(count(without_bias) == 750);
  BOOST_TEST(count(with_bias) == 760);
}

BOOST_AUTO_TEST_CASE(problem_1_a_1x1_convolution_is_a_linear_map_of_each_pixels_channels) {
  const Variable<double> image(integers({2, 4, 5, 3}, 1));
  const Tensor<double> w = integers({6, 3}, 2);
  const auto convolved = conv2d(image, Variable<double>(w.reshape({6, 1, 1, 3})));
  BOOST_TEST((convolved.shape() == Shape{2, 4, 5, 6}));
  BOOST_TEST(equal(convolved.value(), linear(image, Variable<double>(w)).value()));
}

BOOST_AUTO_TEST_CASE(problem_2_convolution_is_a_banded_matrix) {
  const Tensor<double> x = integers({4}, 3);
  const Tensor<double> w = integers({3}, 4);
  Tensor<double> padded(Shape{6, 1});
  std::copy_n(std::as_const(x).data(), 4, padded.data() + 1);
  Tensor<double> band(Shape{4, 6});
  for (Index row = 0; row < 4; ++row)
    for (Index k = 0; k < 3; ++k) band.array()(row, row + k) = w.values()[std::size_t(k)];

  const auto by_matrix = matmul(Variable<double>(band), Variable<double>(padded));
  const auto by_conv = conv1d(Variable<double>(x.reshape({1, 4, 1})),
                              Variable<double>(w.reshape({1, 3, 1})), {}, {.padding = 1});
  BOOST_TEST(equal(by_matrix.value().reshape({4}), by_conv.value().reshape({4})));
}

BOOST_AUTO_TEST_CASE(problem_3_backward_of_a_1d_convolution) {
  const Variable<double> x(integers({1, 4, 1}, 5), true);
  const Variable<double> w(integers({1, 3, 1}, 6), true);
  const Tensor<double> delta = integers({1, 2, 1}, 7);
  conv1d(x, w).backward(delta);

  // dx is delta, padded by 2, with the reversed filter.
  const auto dx =
      conv1d(Variable<double>(delta), Variable<double>(reversed(w.value())), {}, {.padding = 2});
  BOOST_TEST(equal(x.grad(), dx.value()));
  // dw is x ⋆ delta without padding.
  const auto dw = conv1d(Variable<double>(x.value()), Variable<double>(delta));
  BOOST_TEST(equal(w.grad(), dw.value()));
  // And written out, as the worksheet does.
  const auto d = delta.values(), v = w.value().values(), u = x.value().values();
  const Tensor<double> by_hand = Tensor<double>::from(
      {v[0] * d[0], v[1] * d[0] + v[0] * d[1], v[2] * d[0] + v[1] * d[1], v[2] * d[1]}, {1, 4, 1});
  BOOST_TEST(equal(x.grad(), by_hand));
  BOOST_TEST(w.grad().values()[1] == d[0] * u[1] + d[1] * u[2]);
}

BOOST_AUTO_TEST_CASE(problem_3_backward_of_a_2d_convolution) {
  const Tensor<double> x = integers({6, 5}, 8), w = integers({3, 2}, 9);
  const Tensor<double> delta = integers({4, 4}, 10);
  const Variable<double> image(as_image(x), true), filter(as_image(w), true);
  conv2d(image, filter).backward(as_image(delta));

  // The full convolution: delta padded by k - 1 on each side of each axis, here 2 and 1.
  const auto dx = conv2d(Variable<double>(as_image(delta)), Variable<double>(as_image(reversed(w))),
                         {}, {.padding = {2, 1}});
  BOOST_TEST(equal(image.grad(), dx.value()));
  BOOST_TEST(equal(filter.grad(), as_image(correlate(x, delta))));
}

BOOST_AUTO_TEST_CASE(problem_d_one_sgd_step_moves_w_by_minus_eta_x_star_dy) {
  const double eta = 0.125;
  const Tensor<double> x = integers({7, 7}, 11), w = integers({3, 3}, 12);
  const Tensor<double> dy = integers({5, 5}, 13);
  const Variable<double> filter(as_image(w.clone()), true);
  optim::SGD<double> sgd({filter}, {.lr = eta});
  conv2d(Variable<double>(as_image(x)), filter).backward(as_image(dy));
  sgd.step();

  const Tensor<double> dw = correlate(x, dy);  // equation 12
  const auto before = w.values(), after = filter.value().values(), gradient = dw.values();
  for (std::size_t i = 0; i < before.size(); ++i)
    BOOST_TEST(after[i] == before[i] - eta * gradient[i]);  // equation 14
}

BOOST_AUTO_TEST_CASE(problem_e_max_pooling_output_sizes) {
  for (const Index size : {4, 7, 12})
    for (const Index kernel : {2, 3})
      for (const Index stride : {1, 2, 3}) {
        const Variable<float> x(Tensor<float>(Shape{2, size, size + 1, 3}));
        const auto y = max_pool2d(x, {.kernel = kernel, .stride = stride});
        const Index h = (size - kernel) / stride + 1, w = (size + 1 - kernel) / stride + 1;
        BOOST_TEST((y.shape() == Shape{2, h, w, 3}));
      }
}

BOOST_AUTO_TEST_CASE(problem_f_pooling_gradients_of_one_window) {
  const Variable<double> x(Tensor<double>::from({9, 2, 3, 4}, {1, 2, 2, 1}), true);
  const Tensor<double> dy = Tensor<double>::from({8}, {1, 1, 1, 1});
  max_pool2d(x, {.kernel = 2}).backward(dy);
  BOOST_TEST(equal(x.grad(), Tensor<double>::from({8, 0, 0, 0}, {1, 2, 2, 1})));
  x.zero_grad();
  avg_pool2d(x, {.kernel = 2}).backward(dy);
  BOOST_TEST(equal(x.grad(), Tensor<double>::from({2, 2, 2, 2}, {1, 2, 2, 1})));
}

BOOST_AUTO_TEST_CASE(problem_f_pooling_gradients_of_a_larger_image) {
  // All values differ, so each window has one maximum; equations 21 and 23.
  RandomStream random(14, "worksheet");
  const Index n = 8;
  Tensor<double> values(Shape{1, n, n, 1});
  const auto order = random.permutation(n * n);
  std::copy(order.begin(), order.end(), values.data());
  const Tensor<double> dy = integers({1, n / 2, n / 2, 1}, 15);
  const Variable<double> for_max(values, true), for_avg(values, true);
  max_pool2d(for_max, {.kernel = 2}).backward(dy);
  avg_pool2d(for_avg, {.kernel = 2}).backward(dy);

  const auto at = [&](const Tensor<double>& t, Index i, Index j) {
    return t.values()[static_cast<std::size_t>(i * t.shape(2) + j)];
  };
  const Tensor<double> dx_max = for_max.grad(), dx_avg = for_avg.grad();
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j) {
      const Index top = i / 2 * 2, left = j / 2 * 2;
      const double window_max =
          std::max({at(values, top, left), at(values, top, left + 1), at(values, top + 1, left),
                    at(values, top + 1, left + 1)});
      const double upstream = at(dy, i / 2, j / 2);
      BOOST_TEST(at(dx_max, i, j) == (at(values, i, j) == window_max ? upstream : 0));
      BOOST_TEST(at(dx_avg, i, j) == upstream / 4);
    }
}

BOOST_AUTO_TEST_CASE(problem_g_batch_norm_of_images_is_that_of_their_pixels_as_rows) {
  const Index b = 3, h = 4, w = 5, c = 6;
  const Tensor<double> values = reals({b, h, w, c}, 16), dy = reals({b, h, w, c}, 17);
  const Variable<double> images(values, true), rows(values.reshape({b * h * w, c}), true);
  const Variable<double> gamma1(reals({c}, 18), true), beta1(reals({c}, 19), true);
  const Variable<double> gamma2(gamma1.value().clone(), true), beta2(beta1.value().clone(), true);
  BatchNormStats<double> stats1(c), stats2(c);

  const auto y1 = batch_norm(images, gamma1, beta1, stats1, {.training = true});
  const auto y2 = batch_norm(rows, gamma2, beta2, stats2, {.training = true});
  y1.backward(dy);
  y2.backward(dy.reshape({b * h * w, c}));
  BOOST_TEST(equal(y1.value().reshape({b * h * w, c}), y2.value()));
  BOOST_TEST(equal(images.grad().reshape({b * h * w, c}), rows.grad()));
  BOOST_TEST(equal(gamma1.grad(), gamma2.grad()));
  BOOST_TEST(equal(beta1.grad(), beta2.grad()));
  BOOST_TEST(equal(stats1.running_mean, stats2.running_mean));
  BOOST_TEST(equal(stats1.running_var, stats2.running_var));

  // The worksheet's batchnorm(): normalised by the biased variance of each column.
  const auto x = values.values();
  for (Index channel = 0; channel < c; ++channel) {
    double mean = 0, variance = 0;
    const Index n = b * h * w;
    for (Index i = 0; i < n; ++i) mean += x[std::size_t(i * c + channel)] / double(n);
    for (Index i = 0; i < n; ++i)
      variance += std::pow(x[std::size_t(i * c + channel)] - mean, 2) / double(n);
    const auto column = std::size_t(channel);
    const double expected =
        gamma1.value().values()[column] * (x[column] - mean) / std::sqrt(variance + 1e-5) +
        beta1.value().values()[column];
    BOOST_TEST(y1.value().values()[column] == expected, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_SUITE_END()
