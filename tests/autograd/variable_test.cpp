#include <boost/test/unit_test.hpp>

#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/ops/elementwise.hpp>

using namespace xgrad;

BOOST_AUTO_TEST_SUITE(autograd)

BOOST_AUTO_TEST_CASE(tanh_gradient) {
  const auto report = grad_check([](const auto& in) { return tanh(in[0]); },
                                 {Variable<double>(Tensor<double>::from({-1, 0.5, 2}, {3}))});
  BOOST_TEST(report.ok, report.to_string());
  BOOST_TEST(report.max_rel_error < 1e-6);
}

BOOST_AUTO_TEST_SUITE_END()
