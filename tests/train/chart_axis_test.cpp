#include <boost/test/unit_test.hpp>

#include <limits>

#include <xgrad/train/chart_axis.hpp>

using namespace xgrad::train;

namespace {

std::vector<ChartCurve> through(std::vector<double> y) { return {ChartCurve{.y = std::move(y)}}; }

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

BOOST_AUTO_TEST_SUITE(chart_axis, *boost::unit_test::tolerance(1e-12))

BOOST_AUTO_TEST_CASE(a_linear_axis_spans_whole_steps) {
  const ChartAxis axis(through({1.6, not_a_number, 4.2}), &ChartCurve::y, true);
  BOOST_TEST(axis.ticks() == (std::vector<double>{1.5, 2, 2.5, 3, 3.5, 4, 4.5}),
             boost::test_tools::per_element());
  BOOST_TEST(axis.share(1.5) == 0.0);
  BOOST_TEST(axis.share(3) == 0.5);
  BOOST_TEST(axis.share(9) == 1.0);
  BOOST_TEST(axis.shows(0) == false);
  BOOST_TEST(axis.shows(not_a_number) == false);
}

BOOST_AUTO_TEST_CASE(a_tight_axis_ends_with_the_values) {
  const ChartAxis axis(through({1, 938}), &ChartCurve::y, true, true);
  BOOST_TEST(axis.ticks() == (std::vector<double>{0, 200, 400, 600, 800}),
             boost::test_tools::per_element());
  BOOST_TEST(axis.share(469) == 0.5);
}

BOOST_AUTO_TEST_CASE(a_level_curve_lies_within) {
  for (const double level : {0.0, 0.005, -3.0, 1e12}) {
    const ChartAxis axis(through({level, level}), &ChartCurve::y, true);
    BOOST_TEST(axis.shows(level));
    BOOST_TEST(axis.share(level) > 0.01);
    BOOST_TEST(axis.share(level) < 0.99);
    BOOST_TEST(axis.ticks().size() >= 2U);
    BOOST_TEST(axis.ticks().size() <= 8U);
  }
}

BOOST_AUTO_TEST_CASE(a_logarithmic_axis_spans_whole_decades) {
  const ChartAxis axis(through({0.02, 0, -1, 30}), &ChartCurve::y, false);
  BOOST_TEST(axis.ticks() == (std::vector<double>{-2, -1, 0, 1, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(axis.share(1) == 0.5);
  BOOST_TEST(axis.shows(0) == false);
  BOOST_TEST(axis.shows(-1) == false);
}

BOOST_AUTO_TEST_CASE(nothing_to_draw_has_an_axis_too) {
  BOOST_TEST(ChartAxis(through({not_a_number}), &ChartCurve::y, true).ticks().size() == 2U);
  BOOST_TEST(ChartAxis({}, &ChartCurve::y, false).ticks().size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
