// A variable that is used twice gets the sum of both gradients, whatever the op: generated from the
// table of ops.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/run_sample.hpp>

#include "for_all_samples.hpp"

using namespace xgrad;

namespace {

// A sum of more than two terms depends on their order.
constexpr double rounding = 1e-14;

// max |a - b|, relative to the largest |b|.
double deviation(const Tensor<double>& a, const Tensor<double>& b) {
  BOOST_TEST_REQUIRE(a.shape() == b.shape());
  double worst = 0, scale = 1e-300;
  for (Index i = 0; i < b.size(); ++i) {
    worst = std::max(worst, std::abs(a.data()[i] - b.data()[i]));
    scale = std::max(scale, std::abs(b.data()[i]));
  }
  return worst / scale;
}

Tensor<double> sum_of(const Tensor<double>& a, const Tensor<double>& b) {
  Tensor<double> sum = a.clone();
  for (Index i = 0; i < sum.size(); ++i) sum.data()[i] += b.data()[i];
  return sum;
}

// Calls f(i, j) for each pair of inputs that one variable can stand for.
template <class F>
void for_all_pairs(const Sample& sample, F f) {
  const auto& in = sample.inputs;
  for (std::size_t i = 0; i < in.size(); ++i)
    for (std::size_t j = i + 1; j < in.size(); ++j)
      if (in[i].defined() && in[j].defined() && in[i].shape() == in[j].shape())
        BOOST_TEST_CONTEXT("inputs " << i << " and " << j) f(i, j);
}

// `sample` with the values of input i as input j.
Sample with_equal(Sample sample, std::size_t i, std::size_t j) {
  sample.inputs[j] = sample.inputs[i];
  return sample;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(registry_twice)

// Half of a leaf and half of it again are the leaf, to the bit, and so are their gradients.
BOOST_AUTO_TEST_CASE(an_input_made_from_a_leaf_used_twice) {
  for_all_samples([](const OpEntry&, const Sample& sample) {
    const auto expected = run_sample<double>(sample);
    const auto leaves = sample_inputs<double>(sample, true);
    auto inputs = leaves;
    for (auto& input : inputs)
      if (input.defined()) input = 0.5 * input + 0.5 * input;
    const auto y = apply_sample(sample, inputs);
    y.backward(sample_cotangent<double>(y.shape()));
    for (std::size_t i = 0; i < leaves.size(); ++i)
      if (leaves[i].defined())
        BOOST_TEST(deviation(leaves[i].grad(), expected.gradients[i]) == 0, "input " << i);
  });
}

BOOST_AUTO_TEST_CASE(an_op_applied_twice_to_the_same_inputs) {
  for_all_samples([](const OpEntry&, const Sample& sample) {
    const auto expected = run_sample<double>(sample);
    const auto inputs = sample_inputs<double>(sample, true);
    const auto y = apply_sample(sample, inputs) + apply_sample(sample, inputs);
    y.backward(sample_cotangent<double>(y.shape()));
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined())
        BOOST_TEST(deviation(inputs[i].grad(),
                             sum_of(expected.gradients[i], expected.gradients[i])) <= rounding,
                   "input " << i);
  });
}

// mul(x, x) and its like: the sum of what two variables of the same value get, and what central
// differences say.
BOOST_AUTO_TEST_CASE(one_variable_as_two_inputs) {
  int pairs = 0;
  for_all_samples([&](const OpEntry&, const Sample& sample) {
    for_all_pairs(sample, [&](std::size_t i, std::size_t j) {
      ++pairs;
      const Sample equal = with_equal(sample, i, j);
      const auto apart = run_sample<double>(equal);
      auto inputs = sample_inputs<double>(equal, true);
      inputs[j] = inputs[i];
      const auto y = apply_sample(equal, inputs);
      y.backward(sample_cotangent<double>(y.shape()));
      BOOST_TEST(deviation(inputs[i].grad(), sum_of(apart.gradients[i], apart.gradients[j])) <=
                 rounding);

      if (sample.inputs[i].size() == 0 || sample.inputs[i].size() > 1000) return;
      const auto f = [&](const std::vector<Variable<double>>& in) {
        auto all = sample_inputs<double>(equal, false);
        all[i] = all[j] = in[0];
        return apply_sample(equal, all);
      };
      const auto report = grad_check(f, {Variable<double>(sample.inputs[i], true)});
      BOOST_TEST(report.ok, report.to_string());
      BOOST_TEST(report.max_rel_error <= 1e-6, report.to_string());
    });
  });
  BOOST_TEST(pairs > 20);
}

BOOST_AUTO_TEST_SUITE_END()
