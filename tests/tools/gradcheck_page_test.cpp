// What `xgrad gradcheck` says of an op that fails. All ops of the library pass, so one is made up.

#include <boost/test/unit_test.hpp>

#include <xgrad/autograd/record.hpp>
#include <xgrad/core/tensor.hpp>

#include "tools/xgrad/gradcheck_page.hpp"

using namespace xgrad;
using namespace xgrad::command;

namespace {

constexpr OpInfo doubled_op{"doubled", "x", "y = 2 x"};

// y = 2 x, whose gradient `factor` times dy is right where `factor` is 2.
GradCheckReport check_doubled(double factor) {
  const Variable<double> x(Tensor<double>::from({1, 2, 3, 4, 5, 6}, {2, 3}), true);
  const auto f = [&] {
    Tensor<double> y = Tensor<double>::empty(x.shape());
    for (Index i = 0; i < y.size(); ++i) y.data()[i] = 2 * x.value().data()[i];
    return record(doubled_op, {x}, y, [factor](Backward<double>& b) {
      const double* dy = b.dy().data();
      Tensor<double>& dx = b.dx(0);
      for (Index i = 0; i < dx.size(); ++i) dx.data()[i] = factor * dy[i];
    });
  };
  return grad_check(f, {{"x", x}});
}

CheckedItem doubled(double factor) {
  return {.name = "doubled",
          .formula = "y = 2 x if x < 3 && x > -3",
          .bound = 1e-8,
          .samples = {{"right", check_doubled(2)}, {"<other>", check_doubled(factor)}}};
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gradcheck_page)

BOOST_AUTO_TEST_CASE(an_op_passes) {
  const CheckedItem item = doubled(2);
  BOOST_TEST(item.ok());
  BOOST_TEST(item.elements() == 12);
  BOOST_TEST(item.complaints().empty());
  const std::string html = to_html({.items = std::vector{item}});
  BOOST_TEST(holds(html, "1 op is right"));
  BOOST_TEST(!holds(html, "FAILED"));
  BOOST_TEST(holds(html, "y = 2 x if x &lt; 3 &amp;&amp; x &gt; -3"));
}

BOOST_AUTO_TEST_CASE(an_op_fails) {
  const CheckedItem item = doubled(3);
  BOOST_TEST(!item.ok());
  BOOST_TEST(item.worst().name == "<other>");
  const WorstDerivative worst = worst_derivative(item.worst().report);
  BOOST_TEST(worst.input->name == "x");
  BOOST_TEST(worst.values.analytic / worst.values.numeric == 1.5,
             boost::test_tools::tolerance(1e-6));
  BOOST_REQUIRE(item.complaints().size() == 1U);
  BOOST_TEST(
      item.complaints()[0].starts_with("sample \"<other>\": x: 6 of 6 derivatives are wrong"));

  CheckedItem right = doubled(2);
  right.name = "fine";
  const std::string html = to_html({.items = std::vector{right, item}});
  BOOST_TEST(holds(html, "1 of 2 ops FAILED"));
  BOOST_TEST(holds(html, "sample &quot;&lt;other&gt;&quot;"));
  BOOST_TEST(!holds(html, "<other>"));
  BOOST_TEST(html.find("<section id=\"doubled\"") < html.find("<section id=\"fine\""),
             "those that failed come first");
}

BOOST_AUTO_TEST_CASE(an_op_of_which_nothing_was_compared_has_not_passed) {
  const CheckedItem item{.name = "empty", .bound = 1e-8};
  BOOST_TEST(!item.ok());
  BOOST_REQUIRE(item.complaints().size() == 1U);
  BOOST_TEST(holds(to_html({.items = std::vector{item}}), "nothing to compare"));
}

BOOST_AUTO_TEST_CASE(totals_count_what_passed_and_what_did_not) {
  const std::vector items{doubled(2), doubled(3)};
  const Totals sums(items);
  BOOST_TEST(sums.items == 2U);
  BOOST_TEST(sums.failed == 1U);
  BOOST_TEST(sums.samples == 4U);
  BOOST_TEST(sums.elements == 24);
  BOOST_TEST(sums.max_rel_error == 1.0 / 3, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_SUITE_END()
