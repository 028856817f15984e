#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include <xgrad/autograd/early_hooks.hpp>
#include <xgrad/autograd/variable.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>

using namespace xgrad;

namespace {

Variable<double> leaf(double value) { return {Tensor<double>::full({1}, value), true}; }

// Appends to `order` when the gradient of `x` is finished.
void note(const Variable<double>& x, const std::string& name, std::vector<std::string>& order) {
  x.register_hook([&order, name](const Tensor<double>&) {
    order.push_back(name);
    return Tensor<double>();
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(early_hooks)

BOOST_AUTO_TEST_CASE(are_called_while_the_pass_goes_on) {
  const auto a = leaf(2), b = leaf(3), c = leaf(5);
  std::vector<std::string> order;
  note(a, "a", order);
  note(b, "b", order);
  note(c, "c", order);
  const auto run = [&] {
    const auto first = a * c;        // c is used twice: here ...
    const auto y = (first * b) * c;  // ... and here
    note(first, "first", order);
    y.backward();
  };
  run();  // all leaves last, the latest made first
  BOOST_TEST(order == (std::vector<std::string>{"first", "c", "b", "a"}),
             boost::test_tools::per_element());
  const double da = a.grad().item(), db = b.grad().item(), dc = c.grad().item();
  order.clear();
  for (const auto& x : {a, b, c}) x.zero_grad();
  {
    const EarlyHooks early;
    run();
  }
  BOOST_TEST(order == (std::vector<std::string>{"b", "first", "a", "c"}),
             boost::test_tools::per_element());
  BOOST_TEST((a.grad().item() == da && b.grad().item() == db && c.grad().item() == dc));
}

BOOST_AUTO_TEST_CASE(see_the_whole_sum_once_and_replace_it) {
  const auto x = leaf(3);
  std::vector<double> seen;
  x.register_hook([&](const Tensor<double>& gradient) {
    seen.push_back(gradient.item());
    return Tensor<double>::full({1}, -1);
  });
  const EarlyHooks early;
  const auto y = x * x * x;
  y.backward(true);
  BOOST_TEST(seen == std::vector<double>{27}, boost::test_tools::per_element());
  BOOST_TEST(x.grad().item() == -1);
  y.backward();
  BOOST_TEST(seen.size() == 2U);
  BOOST_TEST(x.grad().item() == -2);
}

BOOST_AUTO_TEST_CASE(leave_no_gradient_where_the_pass_fails_later) {
  const auto a = leaf(2), b = leaf(3);
  const Variable<double> first = exp(a);
  Tensor<double> saved = first.value();  // by exp
  saved.fill(0);
  const EarlyHooks early;
  const auto y = first * b;
  BOOST_CHECK_THROW(y.backward(), GraphError);
  BOOST_TEST((!a.grad().defined() && !b.grad().defined()));
}

BOOST_AUTO_TEST_CASE(take_a_graph_of_one_leaf) {
  const auto x = leaf(3);
  std::vector<std::string> order;
  note(x, "x", order);
  const EarlyHooks early;
  x.backward();
  BOOST_TEST(order.size() == 1U);
  BOOST_TEST(x.grad().item() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
