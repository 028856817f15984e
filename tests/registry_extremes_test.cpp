// What the ops make of signed zeros, denormals, numbers at the ends of the range, ties and
// variances of zero: both precisions are held to naive references, element by element.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/run_sample.hpp>

#include "reference/reference.hpp"

using namespace xgrad;

namespace {

class FlushDenormals {
 public:
  explicit FlushDenormals(bool on) : before_(flush_denormals()) { set_flush_denormals(on); }
  ~FlushDenormals() { set_flush_denormals(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  bool before_;
};

// The same sample, with zeros of the same sign for T's denormals.
template <class T>
Sample without_denormals(Sample sample) {
  for (auto& x : sample.inputs) {
    if (!x.defined()) continue;
    x = x.clone();
    for (double& value : x.values())
      if (std::abs(value) < double{std::numeric_limits<T>::min()}) value = std::copysign(0, value);
  }
  return sample;
}

enum class Zeros { signed_, unsigned_ };

// A result that is no number, infinite or zero must be just that. What T can hold as a denormal
// only may be zero: vectorised functions end there, with flushing or without, and so does
// PyTorch's.
template <class T>
bool agrees(T found, double exact, double error_bound, Zeros zeros) {
  const T expected = static_cast<T>(exact);
  if (std::isnan(expected)) return std::isnan(found);
  if (std::isinf(expected)) return found == expected;
  if (expected == 0 && found == 0)
    return zeros == Zeros::unsigned_ || std::signbit(found) == std::signbit(expected);
  const double error = std::abs(double{found} - double{expected});
  return error <= error_bound + double{std::numeric_limits<T>::min()};
}

double largest(const Tensor<double>& x) {
  double found = 0;
  for (Index i = 0; i < x.size(); ++i)
    if (std::isfinite(x.data()[i])) found = std::max(found, std::abs(x.data()[i]));
  return found;
}

// Ops that sum terms which cancel: their errors are relative to the largest entry.
bool sums_up(const OpEntry& entry) {
  return entry.op == &batch_norm_op || entry.op == &max_pool2d_op;
}

// Each element is as in one of the expected tensors.
template <class T>
void compare(const std::string& what, const Tensor<T>& found,
             const std::vector<Tensor<double>>& expected, double tolerance, bool of_largest,
             Zeros zeros) {
  BOOST_TEST_REQUIRE(found.shape() == expected[0].shape(), what);
  for (Index i = 0; i < found.size(); ++i) {
    bool any = false;
    for (const auto& one : expected)
      any = any || agrees(found.data()[i], one.data()[i],
                          tolerance * (of_largest ? largest(one) : std::abs(one.data()[i])), zeros);
    BOOST_TEST(any, what << ", element " << i << " is " << found.data()[i] << ", not "
                         << expected[0].data()[i]);
  }
}

// With denormals flushed an input that is one counts for zero, in the op or in its gradient or in
// neither: what is too small to add to a weight need not be computed. Without, they count.
template <class T>
void check(const OpEntry& entry, const Sample& sample, bool flush) {
  const FlushDenormals flushing(flush);
  const double tolerance = std::is_same_v<T, float> ? 2e-6 : 1e-13;
  const SampleResult<T> result = run_sample<T>(sample);
  std::vector<Sample> meant{std::is_same_v<T, float> ? rounded_to_float32(sample) : sample};
  if (flush) meant.push_back(without_denormals<T>(meant[0]));

  std::vector<Tensor<double>> outputs;
  std::vector<std::vector<Tensor<double>>> gradients(sample.inputs.size());
  for (const Sample& one : meant) {
    outputs.push_back(reference::table().at(entry.op->name)(one));
    const auto dy = sample_cotangent<double>(outputs[0].shape());
    const auto of_inputs = reference::gradients().at(entry.op->name)(one, dy);
    for (std::size_t i = 0; i < of_inputs.size(); ++i) gradients[i].push_back(of_inputs[i]);
  }
  compare("output", result.output, outputs, tolerance, sums_up(entry), Zeros::signed_);
  for (std::size_t i = 0; i < sample.inputs.size(); ++i)
    compare("gradient " + std::to_string(i), result.gradients[i], gradients[i], tolerance,
            sums_up(entry), Zeros::unsigned_);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(registry_extremes)

BOOST_AUTO_TEST_CASE(outputs_and_gradients_match_the_naive_references) {
  for (const bool flush : {false, true})
    for (const OpEntry& entry : op_registry())
      for (const Sample& sample : entry.extremes)
        BOOST_TEST_CONTEXT(entry.op->name << ", extremes \"" << sample.name << "\""
                                          << (flush ? ", denormals flushed" : "")) {
          BOOST_TEST_CONTEXT("float64") check<double>(entry, sample, flush);
          BOOST_TEST_CONTEXT("float32") check<float>(entry, sample, flush);
        }
}

BOOST_AUTO_TEST_SUITE_END()
