// Tests generated from the table of ops: what holds for one op holds for all, and an op cannot be
// added without them.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/check_sample.hpp>
#include <xgrad/ops/registry.hpp>

#include "reference/reference.hpp"

using namespace xgrad;

namespace {

template <class T>
Tensor<T> convert(const Tensor<double>& x) {
  Tensor<T> y = Tensor<T>::empty(x.shape());
  std::transform(x.values().begin(), x.values().end(), y.data(),
                 [](double value) { return static_cast<T>(value); });
  return y;
}

template <class T>
std::vector<Variable<T>> make_inputs(const Sample& sample, bool requires_grad) {
  std::vector<Variable<T>> inputs;
  for (const auto& x : sample.inputs)
    inputs.push_back(x.defined() ? Variable<T>(convert<T>(x), requires_grad) : Variable<T>());
  return inputs;
}

template <class T>
const Sample::Apply<T>& apply_of(const Sample& sample) {
  if constexpr (std::is_same_v<T, float>) return sample.apply32;
  else return sample.apply64;
}

// Output and gradients of a sample, for a fixed cotangent.
template <class T>
std::vector<Tensor<T>> run(const Sample& sample) {
  const auto inputs = make_inputs<T>(sample, true);
  const Variable<T> y = apply_of<T>(sample)(inputs);
  RandomStream random(1, "cotangent");
  Tensor<T> cotangent = Tensor<T>::empty(y.shape());
  for (T& value : cotangent.values()) value = static_cast<T>(random.uniform(-1, 1));
  y.backward(cotangent);
  std::vector<Tensor<T>> results{y.value()};
  for (const auto& input : inputs)
    if (input.defined()) results.push_back(input.grad());
  return results;
}

template <class F>
void for_all_samples(F f) {
  for (const auto& entry : op_registry())
    for (const auto& sample : entry.samples)
      BOOST_TEST_CONTEXT(entry.op->name << ", sample \"" << sample.name << "\"") f(entry, sample);
}

template <class T>
bool same_bytes(const Tensor<T>& a, const Tensor<T>& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(registry)

BOOST_AUTO_TEST_CASE(every_op_has_samples_that_cover_its_inputs_and_a_reference) {
  std::set<std::string> names;
  for (const auto& entry : op_registry()) {
    BOOST_TEST_CONTEXT(entry.op->name) {
      BOOST_TEST(names.insert(entry.op->name).second, "listed twice");
      BOOST_TEST(!entry.samples.empty(), "has no samples");
      BOOST_TEST(reference::table().count(entry.op->name) == 1, "has no naive reference");
      const auto commas = std::count(entry.op->inputs.begin(), entry.op->inputs.end(), ',');
      for (int i = 0; i <= commas; ++i) {
        const auto covers = [i](const Sample& sample) {
          const auto n = static_cast<std::size_t>(i);
          return n < sample.inputs.size() && sample.inputs[n].defined() &&
                 sample.inputs[n].size() > 0;
        };
        BOOST_TEST(std::any_of(entry.samples.begin(), entry.samples.end(), covers),
                   "no sample gives input " << entry.op->input_name(i));
      }
    }
  }
}

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
    if (found == reference::table().end()) return;  // reported above
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
    compare(sample.apply64(make_inputs<double>(sample, false)).value(), 1e-12);
    compare(sample.apply32(make_inputs<float>(sample, false)).value(), 1e-5);
  });
}

// float32 takes other kernels than float64 where oneDNN or SIMD is in use; its gradients are held to
// the checked ones.
BOOST_AUTO_TEST_CASE(float32_agrees_with_float64) {
  for_all_samples([](const OpEntry&, const Sample& sample) {
    const auto in32 = run<float>(sample);
    const auto in64 = run<double>(sample);
    for (std::size_t k = 0; k < in32.size(); ++k) {
      double scale = 1e-30, worst = 0;
      for (Index i = 0; i < in64[k].size(); ++i) {
        const double a = static_cast<double>(std::as_const(in32[k]).data()[i]);
        const double b = std::as_const(in64[k]).data()[i];
        scale = std::max(scale, std::abs(b));
        worst = std::max(worst, a == b ? 0 : std::abs(a - b));
      }
      BOOST_TEST(worst <= 2e-5 * scale,
                 (k == 0 ? "output" : "gradient " + std::to_string(k - 1)) << " off by " << worst);
    }
  });
}

BOOST_AUTO_TEST_CASE(results_do_not_depend_on_the_number_of_threads) {
  const int before = num_threads();
  for_all_samples([](const OpEntry&, const Sample& sample) {
    set_num_threads(1);
    const auto one = run<float>(sample);
    for (const int threads : {2, 3}) {
      set_num_threads(threads);
      const auto many = run<float>(sample);
      for (std::size_t k = 0; k < one.size(); ++k) BOOST_TEST(same_bytes(one[k], many[k]));
    }
  });
  set_num_threads(before);
}

BOOST_AUTO_TEST_CASE(no_memory_is_kept_after_use) {
  for_all_samples([](const OpEntry&, const Sample& sample) {
    run<float>(sample);
    const auto before = pool_counters().live_bytes;
    run<float>(sample);
    apply_of<float>(sample)(make_inputs<float>(sample, true));  // a graph dropped without backward
    BOOST_TEST(pool_counters().live_bytes == before);
  });
}

BOOST_AUTO_TEST_CASE(inputs_are_left_as_they_were_and_constants_record_nothing) {
  for_all_samples([](const OpEntry&, const Sample& sample) {
    const auto inputs = make_inputs<double>(sample, true);
    const auto y = sample.apply64(inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined()) BOOST_TEST(same_bytes(inputs[i].value(), sample.inputs[i]));
    BOOST_TEST(y.requires_grad());
    BOOST_TEST(!sample.apply64(make_inputs<double>(sample, false)).requires_grad());
    const NoGrad no_grad;
    BOOST_TEST(!sample.apply64(inputs).requires_grad());
  });
}

// Each input alone: the others are constants, and their gradients are not computed.
BOOST_AUTO_TEST_CASE(each_input_can_be_the_only_one_that_needs_a_gradient) {
  for_all_samples([](const OpEntry&, const Sample& sample) {
    const auto all = run<double>(sample);
    std::size_t gradient = 0;
    for (std::size_t only = 0; only < sample.inputs.size(); ++only) {
      if (!sample.inputs[only].defined()) continue;
      ++gradient;
      auto inputs = make_inputs<double>(sample, false);
      inputs[only] = Variable<double>(sample.inputs[only].clone(), true);
      const auto y = sample.apply64(inputs);
      RandomStream random(1, "cotangent");
      Tensor<double> cotangent = Tensor<double>::empty(y.shape());
      for (double& value : cotangent.values()) value = random.uniform(-1, 1);
      y.backward(cotangent);
      BOOST_TEST(same_bytes(inputs[only].grad(), all[gradient]), "input " << only);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
