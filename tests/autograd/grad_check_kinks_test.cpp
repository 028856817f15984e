// Kinks, where a function has no derivative: what the gradient check makes of them.

#include <boost/test/unit_test.hpp>

#include <xgrad/autograd/boost_test.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/reduce.hpp>

#include "custom_op.hpp"

using namespace custom_op;

namespace {

// relu, with `at_zero` as its derivative at 0 and `above` as that above.
Var wrong_relu(const Var& x, double at_zero, double above) {
  Tensor<double> y = relu(x.detach()).value();
  return custom(x, y, [=](const Tensor<double>& in, const Tensor<double>& dy) {
    Tensor<double> dx(in.shape());
    for (Index i = 0; i < in.size(); ++i)
      dx.data()[i] = dy.data()[i] * (in.data()[i] > 0 ? above : in.data()[i] == 0 ? at_zero : 0.0);
    return dx;
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grad_check_kinks)

BOOST_AUTO_TEST_CASE(a_kink_is_neither_passed_nor_failed) {
  const auto f = [](const Vars& in) { return relu(in[0]); };
  const auto report = grad_check(f, {vector_of({-1, 0, 2})});
  BOOST_TEST(check_passed(report));
  BOOST_TEST(report.kinks == 1);
  BOOST_TEST(report.elements == 2);
  BOOST_TEST(report.inputs.at(0).kinks == 1);
  BOOST_TEST(report.inputs.at(0).elements == 2);
  BOOST_TEST(report.inputs.at(0).failed == 0);
  BOOST_TEST(report.max_abs_error < 1e-8);  // that of the others
}

BOOST_AUTO_TEST_CASE(where_all_is_kinks_nothing_is_shown) {
  const auto report = grad_check([](const Vars& in) { return relu(in[0]); }, {vector_of({0, 0})});
  BOOST_TEST(!report.ok);
  BOOST_TEST(report.kinks == 2);
  BOOST_TEST(report.elements == 0);
}

BOOST_AUTO_TEST_CASE(ties_of_a_maximum_are_kinks) {
  const auto report = grad_check([](const Vars& in) { return max(in[0], -1); },
                                 {Tensor<double>::from({1, 3, 3, 2, 5, 4}, {2, 3})});
  BOOST_TEST(check_passed(report));
  BOOST_TEST(report.kinks == 2);
  BOOST_TEST(report.elements == 4);

  const Var image = Tensor<double>::from({1, 1, 7, 2, 0, 1, 3, 4}, {1, 2, 4, 1});
  const auto pooled = grad_check([](const Vars& in) { return max_pool2d(in[0], 2); }, {image});
  BOOST_TEST(check_passed(pooled));
  BOOST_TEST(pooled.kinks == 3);  // 1, 1 and 1 of the first window
  BOOST_TEST(pooled.elements == 5);
}

BOOST_AUTO_TEST_CASE(kinks_put_together_from_ops) {
  // max(a, b) = a + relu(b - a), with a tie in the middle.
  const auto larger = [](const Vars& in) { return in[0] + relu(in[1] - in[0]); };
  const auto report = grad_check(larger, {vector_of({1, 2, 3}), vector_of({0, 2, 5})});
  BOOST_TEST(check_passed(report));
  BOOST_TEST(report.inputs.at(0).kinks == 1);
  BOOST_TEST(report.inputs.at(1).kinks == 1);
  BOOST_TEST(report.elements == 4);

  // |x| at 0: backward gives 0, which lies between the one-sided -1 and 1.
  const auto modulus = [](const Vars& in) { return relu(in[0]) + relu(-in[0]); };
  const auto size = grad_check(modulus, {vector_of({-2, 0, 1})});
  BOOST_TEST(check_passed(size));
  BOOST_TEST(size.kinks == 1);
}

BOOST_AUTO_TEST_CASE(several_kinks_in_one_element) {
  const auto f = [](const Vars& in) {
    const Var& x = in[0];
    return relu(x) * 2.0 + relu(x * 3.0) + relu(-x) + x * x;
  };
  const auto report = grad_check(f, {vector_of({-1, 0, 2})});
  BOOST_TEST(check_passed(report));
  BOOST_TEST(report.kinks == 1);
  BOOST_TEST(report.elements == 2);
}

BOOST_AUTO_TEST_CASE(an_extremum_is_no_kink) {
  const auto f = [](const Vars& in) { return in[0] * in[0] - pow(in[1], 4); };
  const auto report = grad_check(f, {vector_of({-1, 0, 2}), vector_of({0, 1, 0})});
  BOOST_TEST(check_passed(report));
  BOOST_TEST(report.kinks == 0);
  BOOST_TEST(report.elements == 6);
}

// Near a kink a long step crosses it; the check must not blame the gradient for that.
BOOST_AUTO_TEST_CASE(the_neighbourhood_of_a_kink_does_not_fail) {
  const auto f = [](const Vars& in) { return relu(in[0]) + 0.5 * in[0] * in[0]; };
  for (const double distance : {1e-9, 1e-7, 1e-5, 1e-3}) {
    BOOST_TEST_CONTEXT(distance) {
      const auto report = grad_check(f, {vector_of({1, distance, -distance, -1})});
      BOOST_TEST(check_passed(report));
      BOOST_TEST(report.elements + report.kinks == 4);
      if (distance >= 1e-5) BOOST_TEST(report.kinks == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(kinks_excuse_no_wrong_gradient) {
  // Next to kinks.
  const auto beside = grad_check([](const Vars& in) { return wrong_relu(in[0], 0, 1.1); },
                                 {vector_of({0, 0, 2, 0, -1})});
  BOOST_TEST(!beside.ok);
  BOOST_TEST(beside.kinks == 3);
  BOOST_TEST(beside.inputs.at(0).failed == 1);
  BOOST_TEST(beside.worst.element == 2);
  // At a kink, where the gradient belongs to neither side.
  const auto outside =
      grad_check([](const Vars& in) { return wrong_relu(in[0], 7, 1); }, {vector_of({-1, 0, 2})});
  BOOST_TEST(!outside.ok);
  BOOST_TEST(outside.worst.element == 1);
  // Close to a kink, by a factor that has nothing to do with it.
  for (const double distance : {1e-5, 1e-3}) {
    const auto close = grad_check([](const Vars& in) { return wrong_relu(in[0], 0, 1.5); },
                                  {vector_of({-1, distance})});
    BOOST_TEST(!close.ok, "at " << distance);
    BOOST_TEST(close.worst.element == 1);
  }
}

// Along random directions elements at a kink are found and taken out.
BOOST_AUTO_TEST_CASE(kinks_of_large_inputs) {
  Tensor<double> x(Shape{60, 50});
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = i % 7 < 3 ? -0.5 : 1;
  for (const Index kink : {0, 7, 1500}) x.data()[kink] = 0;
  const auto right = grad_check([](const Vars& in) { return relu(in[0]); }, {x});
  BOOST_TEST(check_passed(right));
  BOOST_TEST(right.inputs.at(0).by_directions);
  BOOST_TEST(right.inputs.at(0).kinks == 3);

  const auto wrong = grad_check(
      [](const Vars& in) {
        return custom(in[0], relu(in[0].detach()).value(), [](const auto& v, const auto& dy) {
          Tensor<double> dx(v.shape());
          for (Index i = 0; i < dx.size(); ++i)
            dx.data()[i] = (v.data()[i] > 0) != (i == 1501) ? dy.data()[i] : 0;
          return dx;
        });
      },
      {x});
  BOOST_TEST(!wrong.ok);
  BOOST_TEST(wrong.worst.element == 1501, wrong.to_string());
}

BOOST_AUTO_TEST_SUITE_END()
