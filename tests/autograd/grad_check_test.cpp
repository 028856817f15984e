// What the gradient check promises besides finding wrong numbers; planted_errors_test.cpp shows
// that it finds those.

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <memory>

#include <xgrad/autograd/boost_test.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include "custom_op.hpp"

using namespace custom_op;

namespace {

Var ramp(Index n, double low, double high) {
  Tensor<double> x(Shape{n});
  for (Index i = 0; i < n; ++i)
    x.data()[i] = low + (high - low) * static_cast<double>(i) / static_cast<double>(n);
  return x;
}

bool same_bytes(const Tensor<double>& a, const Tensor<double>& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), 8 * a.values().size()) == 0;
}

bool mentions(const GradCheckReport& report, std::string_view word) {
  for (const std::string& problem : report.problems)
    if (problem.find(word) != problem.npos) return true;
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grad_checks)

BOOST_AUTO_TEST_CASE(a_second_backward_with_other_results_is_a_problem) {
  const auto count = std::make_shared<int>(0);
  const auto f = [count](const Vars& in) {
    return custom(in[0], in[0].value().clone(), [count](const auto&, const Tensor<double>& dy) {
      Tensor<double> dx = dy.clone();
      if (++*count % 2 == 0) dx.data()[1] += 1e-13;
      return dx;
    });
  };
  const auto report = grad_check(f, {vector_of({1, 2, 3})});
  BOOST_TEST(!report.ok);
  BOOST_TEST(mentions(report, "second backward"), report.to_string());
  BOOST_TEST(report.inputs.at(0).failed == 0);
}

BOOST_AUTO_TEST_CASE(a_graph_that_outlives_its_result_is_a_problem) {
  // A backward function that holds its own result: nobody frees the two.
  std::vector<std::weak_ptr<Var>> made;
  const auto f = [&](const Vars& in) {
    const auto own = std::make_shared<Var>();
    made.push_back(own);
    *own = custom(in[0], in[0].value().clone(),
                  [own](const auto&, const Tensor<double>& dy) { return dy.clone(); });
    return *own;
  };
  const auto report = grad_check(f, {vector_of({1, 2})});
  BOOST_TEST(!report.ok);
  BOOST_TEST(mentions(report, "still alive"), report.to_string());

  for (const auto& result : made)
    if (const auto own = result.lock()) *own = {};

  // A function that keeps what it computed.
  Var kept;
  const auto keeping =
      grad_check([&](const Vars& in) { return kept = tanh(in[0]) * in[0]; }, {vector_of({1, 2})});
  BOOST_TEST(!keeping.ok);
  BOOST_TEST(mentions(keeping, "still alive"), keeping.to_string());
}

BOOST_AUTO_TEST_CASE(a_check_leaves_no_memory_behind) {
  const Vars x{vector_of({1, 2, 3})};
  const auto check = [&] {
    BOOST_TEST(check_passed(grad_check([](const Vars& in) { return tanh(in[0]) * in[0]; }, x)));
  };
  check();
  const auto before = pool_counters().live_bytes;
  check();
  BOOST_TEST(pool_counters().live_bytes == before);
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_not_written_in_full_shows) {
  static constexpr OpInfo lazy_op{"lazy", "x", "y = x\ndx = dy, but for the last element"};
  const auto f = [](const Vars& in) {
    return record(lazy_op, {in[0]}, in[0].value().clone(), [](Backward<double>& b) {
      Tensor<double>& dx = b.dx(0);
      for (Index i = 0; i + 1 < dx.size(); ++i) dx.data()[i] = b.dy().data()[i];
    });
  };
  const auto report = grad_check(f, {vector_of({1, 2, 3, 4})});
  BOOST_TEST(!report.ok);
  BOOST_TEST(report.inputs.at(0).failed == 1);
  BOOST_TEST(report.worst.element == 3);
  BOOST_TEST(report.to_string().find("NaN") != std::string::npos, report.to_string());
}

BOOST_AUTO_TEST_CASE(writing_to_inputs_or_results_is_a_problem) {
  static constexpr OpInfo careless_op{"careless", "x", "y = x\ndx = dy, and x += 1"};
  const auto writes_input = [](const Vars& in) {
    return record(careless_op, {in[0]}, in[0].value().clone(),
                  [x = in[0].value()](Backward<double>& b) {
                    Tensor<double> target = x;
                    target.data()[0] += 1;
                    b.set_dx(0, b.dy());
                  });
  };
  const auto input = grad_check(writes_input, {vector_of({1, 2})});
  BOOST_TEST(!input.ok);
  BOOST_TEST(mentions(input, "input"), input.to_string());

  const auto writes_result = [](const Vars& in) {
    const Tensor<double> y = in[0].value().clone();
    return custom(in[0], y, [y](const auto&, const auto& dy) {
      Tensor<double> target = y;
      target.data()[0] += 1;
      return dy.clone();
    });
  };
  const auto result = grad_check(writes_result, {vector_of({1, 2})});
  BOOST_TEST(!result.ok);
  BOOST_TEST(mentions(result, "result"), result.to_string());
}

BOOST_AUTO_TEST_CASE(elements_that_do_not_matter_have_a_gradient_of_zero) {
  const auto first_two = [](const Vars& in) { return slice(in[0], 0, 0, 2) * 2.0; };
  const auto report = grad_check(first_two, {vector_of({1, 2, 3, 4})});
  BOOST_TEST(check_passed(report));
  BOOST_TEST(report.elements == 4);

  // Far below atol, and still not zero.
  const auto not_quite = [](const Vars& in) {
    return custom(in[0], slice(in[0].detach(), 0, 0, 2).value().clone(),
                  [](const auto& x, const Tensor<double>& dy) {
                    Tensor<double> dx = Tensor<double>::full(x.shape(), 1e-7);
                    dx.data()[0] = dy.data()[0];
                    dx.data()[1] = dy.data()[1];
                    return dx;
                  });
  };
  BOOST_TEST(!grad_check(not_quite, {vector_of({1, 2, 3, 4})}).ok);
}

BOOST_AUTO_TEST_CASE(gradients_that_cannot_be_checked_are_errors) {
  const Vars two{vector_of({1, 2}), vector_of({3, 4})};
  BOOST_CHECK_THROW(grad_check([](const Vars& in) { return tanh(in[0]); }, two), GraphError);
  BOOST_CHECK_THROW(grad_check([](const Vars& in) { return tanh(in[0]) * in[1].detach(); }, two),
                    GraphError);
  BOOST_CHECK_THROW(grad_check([](const Vars& in) { return in[0].detach(); }, two), GraphError);
  const auto misshapen = [](const Vars& in) {
    return custom(in[0], in[0].value().clone(), [](const auto&, const Tensor<double>& dy) {
      return dy.clone().reshape(Shape{1, dy.size()});
    });
  };
  BOOST_CHECK_THROW(grad_check(misshapen, {two[0]}), ShapeError);
  const auto calls = std::make_shared<int>(0);
  const auto restless = [calls](const Vars& in) { return in[0] * (1.0 + 1e-12 * ++*calls); };
  BOOST_CHECK_THROW(grad_check(restless, {two[0]}), ValueError);
}

BOOST_AUTO_TEST_CASE(options_outside_their_range_are_errors) {
  const auto with = [](const GradCheckOptions& options) {
    return [options] {
      grad_check([](const Vars& in) { return tanh(in[0]); }, {vector_of({1})}, options);
    };
  };
  for (const auto& check :
       {with({.eps = 0}), with({.eps = -1e-5}), with({.eps = NAN}), with({.atol = -1}),
        with({.rtol = -1e-3}), with({.full_up_to = -1}), with({.directions = 0})})
    BOOST_CHECK_THROW(check(), ValueError);
}

BOOST_AUTO_TEST_CASE(dropout_is_a_function_while_it_is_checked) {
  auto& stream = random_stream(RandomPurpose::dropout);
  const auto before = stream.position();
  const auto f = [](const Vars& in) { return dropout(tanh(in[0]), 0.5, true); };
  BOOST_TEST(check_passed(grad_check(f, {ramp(40, -1, 1)})));
  BOOST_TEST(stream.position() == before);
}

BOOST_AUTO_TEST_CASE(large_inputs_are_checked_along_directions) {
  const Var x = ramp(5000, -1, 1);
  const auto right = grad_check([](const Vars& in) { return tanh(in[0]); }, {x});
  BOOST_TEST(check_passed(right));
  BOOST_TEST(right.inputs.at(0).by_directions);
  BOOST_TEST(right.inputs.at(0).elements == 4);
  BOOST_TEST(
      grad_check([](const Vars& in) { return tanh(in[0]); }, {x}, {.directions = 9}).elements == 9);

  // One element of 5000 is wrong; the check fails, and finds which.
  const auto wrong = [](const Vars& in) {
    return custom(in[0], tanh(in[0].detach()).value(), [](const auto& v, const auto& dy) {
      Tensor<double> dx = dy.clone();
      for (Index i = 0; i < dx.size(); ++i) dx.data()[i] *= 1 - std::pow(std::tanh(v.data()[i]), 2);
      dx.data()[1234] = 0;
      return dx;
    });
  };
  const auto report = grad_check(wrong, {x});
  BOOST_TEST(!report.ok);
  BOOST_TEST(report.inputs.at(0).by_directions);
  BOOST_TEST(report.inputs.at(0).worst.at(0).element == 1234, report.to_string());
  const auto in_full = grad_check(wrong, {x}, {.full_up_to = 5000});
  BOOST_TEST(in_full.worst.element == 1234);
  BOOST_TEST(in_full.inputs.at(0).failed == 1);
  BOOST_TEST(in_full.elements == 5000);
}

BOOST_AUTO_TEST_CASE(central_differences_converge_to_a_right_gradient_in_second_order) {
  const Vars x{ramp(6, 0.5, 1.5), ramp(6, 0.3, 0.9)};
  const auto smooth = [](const Vars& in) { return sum(exp(in[0]) * tanh(in[1]) / in[1]); };
  const auto report = grad_check(smooth, x);
  BOOST_TEST(check_passed(report));
  BOOST_TEST_REQUIRE(report.order.has_value());
  BOOST_TEST(std::abs(*report.order - 2) < 0.1);
  BOOST_TEST_REQUIRE(report.sweep.size() >= 4);
  for (std::size_t i = 1; i < report.sweep.size(); ++i)
    BOOST_TEST(report.sweep[i].step < report.sweep[i - 1].step);

  const auto wrong = [](const Vars& in) {
    return custom(in[0], exp(in[0].detach()).value(), [](const auto& v, const auto& dy) {
      Tensor<double> dx = dy.clone();
      for (Index i = 0; i < dx.size(); ++i) dx.data()[i] *= 1.01 * std::exp(v.data()[i]);
      return dx;
    });
  };
  const auto stuck = grad_check(wrong, {x[0]});
  BOOST_TEST(!stuck.ok);
  BOOST_TEST((!stuck.order || std::abs(*stuck.order) < 0.5), stuck.order.value_or(0));
  // A polynomial of degree two has no truncation error.
  BOOST_TEST(!grad_check([](const Vars& in) { return in[0] * in[1]; }, x).order);
}

BOOST_AUTO_TEST_CASE(inputs_and_their_gradients_are_left_as_they_were) {
  const Var x(vector_of({1, 2}).value(), true), constant = vector_of({3, 4});
  tanh(x).backward(x.value());
  const Tensor<double> value = x.value().clone(), gradient = x.grad().clone();
  const auto report = grad_check([](const Vars& in) { return in[0] * in[1]; }, {x, constant});
  BOOST_TEST(check_passed(report));
  BOOST_TEST(report.elements == 2);  // only x requires a gradient
  BOOST_TEST(same_bytes(x.value(), value));
  BOOST_TEST(same_bytes(x.grad(), gradient));
  BOOST_TEST(!constant.requires_grad());
}

BOOST_AUTO_TEST_CASE(leaves_are_varied_in_place_and_put_back) {
  const Var w(vector_of({0.5, -0.25}).value(), true), b(vector_of({1, 2}).value(), true);
  tanh(w).backward(w.value());
  const Tensor<double> value = w.value().clone(), gradient = w.grad().clone();
  const auto loss = [&] { return sum(tanh(w) * b); };
  const auto report = grad_check(loss, {{"weight", w}, {"bias", b}});
  BOOST_TEST(check_passed(report));
  BOOST_TEST(report.elements == 4);
  BOOST_TEST(report.inputs.at(0).name == "weight");
  BOOST_TEST(report.inputs.at(1).name == "bias");
  BOOST_TEST(same_bytes(w.value(), value));
  BOOST_TEST(same_bytes(w.grad(), gradient));
  BOOST_TEST(!b.grad().defined());

  const auto throwing = [&]() -> Var {
    if (w.value().data()[0] != 0.5) throw ValueError("planted");
    return sum(tanh(w) * b);
  };
  BOOST_CHECK_THROW(grad_check(throwing, {{"weight", w}, {"bias", b}}), ValueError);
  BOOST_TEST(same_bytes(w.value(), value));
  BOOST_TEST(same_bytes(w.grad(), gradient));
}

BOOST_AUTO_TEST_CASE(the_report_speaks_of_inputs_that_failed) {
  const Var w(vector_of({0.5, -0.25}).value(), true), b(vector_of({1, 2}).value(), true);
  const auto f = [&] {
    return sum(custom(w, w.value().clone(),
                      [](const auto&, const Tensor<double>& dy) { return (-Var(dy)).value(); }) *
               b);
  };
  const std::string text = grad_check(f, {{"weight", w}, {"bias", b}}).to_string();
  BOOST_TEST(text.find("weight") != text.npos, text);
  BOOST_TEST(text.find("sign") != text.npos, text);
  BOOST_TEST(text.find("bias") == text.npos, text);
}

BOOST_AUTO_TEST_SUITE_END()
