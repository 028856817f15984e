#pragma once
// Gradient checks in tests written with Boost.Test:
//
//     BOOST_TEST(check_passed(grad_check(f, {x, w})));
//
// A failure prints the report: the worst element, and the likely cause.

#include <boost/test/tools/assertion_result.hpp>

#include <xgrad/autograd/grad_check.hpp>

namespace xgrad {

inline boost::test_tools::assertion_result check_passed(const GradCheckReport& report) {
  boost::test_tools::assertion_result result(report.ok);
  result.message() << report.to_string();
  return result;
}

}  // namespace xgrad
