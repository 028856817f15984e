#include <boost/test/unit_test.hpp>

#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/optim/clip.hpp>

#include <cmath>
#include <limits>

using namespace xgrad;

namespace {

template <class T>
Variable<T> with_gradient(std::initializer_list<T> values) {
  const Shape shape{static_cast<Index>(values.size())};
  Variable<T> w(Tensor<T>(shape), true);
  w.set_grad(Tensor<T>::from(values, shape));
  return w;
}

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

BOOST_AUTO_TEST_SUITE(optim_clip)

// 3, 4 and 12 make a vector of length 13.
BOOST_AUTO_TEST_CASE(norm_is_taken_over_all_gradients_and_brought_down) {
  const auto a = with_gradient<double>({3, -4}), b = with_gradient<double>({12});
  const Variable<double> none(Tensor<double>(Shape{2}), true);
  BOOST_TEST(optim::clip_grad_norm<double>({a, none, b}, 6.5) == 13);
  const double factor = 6.5 / (13 + 1e-6);
  BOOST_TEST(a.grad().data()[0] == 3 * factor);
  BOOST_TEST(a.grad().data()[1] == -4 * factor);
  BOOST_TEST(b.grad().data()[0] == 12 * factor);
  BOOST_TEST(!none.grad().defined());
}

BOOST_AUTO_TEST_CASE(a_smaller_norm_leaves_the_gradients_alone) {
  const auto a = with_gradient<float>({3, -4});
  BOOST_TEST(optim::clip_grad_norm<float>({a}, 5.1) == 5);
  BOOST_TEST(a.grad().data()[0] == 3.0f);
  BOOST_TEST(optim::clip_grad_norm<float>({a}, infinity) == 5);
  BOOST_TEST(a.grad().data()[1] == -4.0f);
  BOOST_TEST(optim::clip_grad_norm<float>({}, 1) == 0);
}

BOOST_AUTO_TEST_CASE(norms_that_are_not_finite_are_returned) {
  const auto a = with_gradient<double>({1, -infinity}), b = with_gradient<double>({2});
  BOOST_TEST(optim::clip_grad_norm<double>({a, b}, 1) == infinity);
  BOOST_TEST(a.grad().data()[0] == 0);
  BOOST_TEST(std::isnan(a.grad().data()[1]));
  BOOST_TEST(b.grad().data()[0] == 0);

  const auto c = with_gradient<double>({1, std::nan("")}), d = with_gradient<double>({2});
  BOOST_TEST(std::isnan(optim::clip_grad_norm<double>({c, d}, 1)));
  BOOST_TEST(std::isnan(c.grad().data()[0]));
  BOOST_TEST(std::isnan(d.grad().data()[0]));
}

// The sum of squares of 0.1f, rounded to float after each addition, would be off by 1e-4.
BOOST_AUTO_TEST_CASE(norm_of_many_is_exact_and_does_not_depend_on_the_number_of_threads) {
  const Variable<float> w(Tensor<float>({100, 1000}), true);
  w.set_grad(Tensor<float>::full({100, 1000}, 0.1f));
  const double expected = static_cast<double>(0.1f) * std::sqrt(1e5);
  BOOST_TEST(std::abs(optim::clip_grad_norm<float>({w}, infinity) - expected) < 1e-12 * expected);

  Tensor<float> gradient = w.grad();
  RandomStream random(1, "clip test");
  for (float& value : gradient.values()) value = static_cast<float>(random.normal());
  const int before = num_threads();
  set_num_threads(1);
  const double one = optim::clip_grad_norm<float>({w}, infinity);
  for (const int threads : {2, 3}) {
    set_num_threads(threads);
    BOOST_TEST(optim::clip_grad_norm<float>({w}, infinity) == one);
  }
  set_num_threads(before);
}

BOOST_AUTO_TEST_CASE(values_are_limited_on_both_sides) {
  const auto w =
      with_gradient<float>({-3, -2, -1, 0, 1, 2, 3, std::nanf(""), static_cast<float>(infinity)});
  optim::clip_grad_value<float>({w}, 2);
  const auto g = w.grad();
  const float expected[] = {-2, -2, -1, 0, 1, 2, 2};
  for (std::size_t i = 0; i < std::size(expected); ++i) BOOST_TEST(g.values()[i] == expected[i]);
  BOOST_TEST(std::isnan(g.values()[7]));
  BOOST_TEST(g.values()[8] == 2);
}

BOOST_AUTO_TEST_SUITE_END()
