// Tests generated from the table of ops: what holds for one op holds for all, and an op cannot be
// added without them.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/check_sample.hpp>
#include <xgrad/ops/run_sample.hpp>
#include <xgrad/ops/sample_drift.hpp>

#include "for_all_samples.hpp"
#include "reference/reference.hpp"

using namespace xgrad;

namespace {

template <class T>
bool same_bytes(const Tensor<T>& a, const Tensor<T>& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(registry)

BOOST_AUTO_TEST_CASE(gradients_match_central_differences) {
  for_all_samples([](const OpEntry& entry, const Sample& sample) {
    const auto report = check_sample(entry, sample);
    BOOST_TEST(report.ok, report.to_string());
    BOOST_TEST(report.max_rel_error <= gradient_error_bound(entry), report.to_string());
  });
}

BOOST_AUTO_TEST_CASE(outputs_match_the_naive_reference) {
  for_all_samples([](const OpEntry& entry, const Sample& sample) {
    const auto found = reference::table().find(entry.op->name);
    if (found == reference::table().end()) return;  // registry_coverage reports it
    const Tensor<double> expected = found->second(sample);
    const auto compare = [&](const auto& y, double tolerance) {
      BOOST_TEST_REQUIRE(y.shape() == expected.shape(), "shape " << y.shape().to_string() << ", not "
                                                                 << expected.shape().to_string());
      double scale = 0, worst = 0;
      for (Index i = 0; i < y.size(); ++i) {
        const double a = static_cast<double>(y.values()[static_cast<std::size_t>(i)]);
        const double b = expected.data()[i];
        scale = std::max(scale, std::abs(b));
        worst = std::max(worst, a == b ? 0 : std::abs(a - b));
      }
      BOOST_TEST(worst <= tolerance * std::max(scale, 1e-30), "off by " << worst);
    };
    compare(sample.apply64(sample_inputs<double>(sample, false)).value(), 1e-12);
    compare(sample.apply32(sample_inputs<float>(sample, false)).value(), 1e-5);
  });
}

// float32 takes other kernels than float64 where oneDNN or SIMD is in use; its gradients are held to
// the checked ones. The bound is some 50 units in the last place, of which sums take 10.
BOOST_AUTO_TEST_CASE(float32_agrees_with_float64) {
  for_all_samples([](const OpEntry&, const Sample& sample) {
    const SampleDrift drift = sample_drift(sample);
    BOOST_TEST(drift.output <= 3e-6);
    BOOST_TEST(drift.gradient <= 3e-6);
  });
}

BOOST_AUTO_TEST_CASE(results_do_not_depend_on_the_number_of_threads) {
  const int before = num_threads();
  for_all_samples([](const OpEntry&, const Sample& sample) {
    set_num_threads(1);
    const auto one = run_sample<float>(sample);
    for (const int threads : {2, 3}) {
      set_num_threads(threads);
      const auto many = run_sample<float>(sample);
      BOOST_TEST(same_bytes(one.output, many.output));
      for (std::size_t i = 0; i < sample.inputs.size(); ++i)
        if (sample.inputs[i].defined())
          BOOST_TEST(same_bytes(one.gradients[i], many.gradients[i]), "input " << i);
    }
  });
  set_num_threads(before);
}

BOOST_AUTO_TEST_CASE(no_memory_is_kept_after_use) {
  for_all_samples([](const OpEntry&, const Sample& sample) {
    run_sample<float>(sample);
    const auto before = pool_counters().live_bytes;
    run_sample<float>(sample);
    apply_sample(sample, sample_inputs<float>(sample, true));  // a graph dropped without backward
    BOOST_TEST(pool_counters().live_bytes == before);
  });
}

BOOST_AUTO_TEST_CASE(inputs_are_left_as_they_were_and_constants_record_nothing) {
  for_all_samples([](const OpEntry&, const Sample& sample) {
    const auto inputs = sample_inputs<double>(sample, true);
    const auto y = sample.apply64(inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined()) BOOST_TEST(same_bytes(inputs[i].value(), sample.inputs[i]));
    BOOST_TEST(y.requires_grad());
    BOOST_TEST(!sample.apply64(sample_inputs<double>(sample, false)).requires_grad());
    const NoGrad no_grad;
    // What has nothing to do, dropout in evaluation, returns its input.
    const auto unrecorded = sample.apply64(inputs);
    BOOST_TEST((!unrecorded.requires_grad() || unrecorded.edge().node == inputs[0].edge().node));
  });
}

// Each input alone: the others are constants, and their gradients are not computed.
BOOST_AUTO_TEST_CASE(each_input_can_be_the_only_one_that_needs_a_gradient) {
  for_all_samples([](const OpEntry&, const Sample& sample) {
    const auto all = run_sample<double>(sample);
    for (std::size_t only = 0; only < sample.inputs.size(); ++only) {
      if (!sample.inputs[only].defined()) continue;
      auto inputs = sample_inputs<double>(sample, false);
      inputs[only] = Variable<double>(sample.inputs[only].clone(), true);
      const auto y = sample.apply64(inputs);
      y.backward(sample_cotangent<double>(y.shape()));
      BOOST_TEST(same_bytes(inputs[only].grad(), all.gradients[only]), "input " << only);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
