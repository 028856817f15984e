#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace xgrad {
namespace {

// Denormal numbers count while derivatives are compared. And of thousands of tiny evaluations none is
// worth waking a second thread for; results do not depend on it.
class CheckingMode {
 public:
  CheckingMode() : flushed_(flush_denormals()), threads_(num_threads()) {
    set_flush_denormals(false);
    set_num_threads(1);
  }
  ~CheckingMode() {
    set_flush_denormals(flushed_);
    set_num_threads(threads_);
  }
  CheckingMode(const CheckingMode&) = delete;
  CheckingMode& operator=(const CheckingMode&) = delete;

 private:
  bool flushed_;
  int threads_;
};

// sum(cotangent * (above - below)): differences first, so that terms which do not change cancel exactly.
double weighted_difference(const Tensor<double>& cotangent, const Tensor<double>& above,
                           const Tensor<double>& below) {
  double sum = 0;
  for (Index i = 0; i < above.size(); ++i)
    sum += cotangent.data()[i] * (above.data()[i] - below.data()[i]);
  return sum;
}

Tensor<double> random_cotangent(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed, "grad_check");
  Tensor<double> cotangent = Tensor<double>::empty(shape);
  for (double& value : cotangent.values())
    value = random.uniform(0.5, 1.5) * (random.uniform() < 0.5 ? -1 : 1);
  return cotangent;
}

// Written so that a NaN fails.
void check_options(const GradCheckOptions& options) {
  if (!(options.eps > 0 && std::isfinite(options.eps)))
    throw ValueError(fmt::format("grad_check: eps = {}: use a positive number", options.eps));
  if (!(options.atol >= 0))
    throw ValueError(fmt::format("grad_check: atol = {}: use zero or more", options.atol));
  if (!(options.rtol >= 0))
    throw ValueError(fmt::format("grad_check: rtol = {}: use zero or more", options.rtol));
}

}  // namespace

GradCheckReport grad_check(const GradCheckFunction& f, const std::vector<Variable<double>>& inputs,
                           const GradCheckOptions& options) {
  if (inputs.empty()) throw ValueError("grad_check: no inputs: give the variables to differentiate by");
  check_options(options);
  const CheckingMode mode;
  const bool check_all = std::none_of(inputs.begin(), inputs.end(),
                                      [](const auto& input) { return input.requires_grad(); });

  for (std::size_t i = 0; i < inputs.size(); ++i)
    if ((check_all || inputs[i].requires_grad()) && inputs[i].size() == 0)
      throw ValueError(fmt::format("grad_check: input {} has no elements, so its gradient cannot be "
                                   "checked: give it some, or let only other inputs require one",
                                   i));

  // Fresh leaves over private memory: the caller's values and gradients stay as they are.
  std::vector<Tensor<double>> values;
  std::vector<Variable<double>> leaves;
  for (const auto& input : inputs) {
    values.push_back(input.value().clone());
    leaves.emplace_back(values.back(), check_all || input.requires_grad());
  }
  const Variable<double> y = f(leaves);
  const Tensor<double> cotangent = random_cotangent(y.shape(), options.seed);
  y.backward(cotangent);

  const std::vector<Variable<double>> constants(values.begin(), values.end());
  const auto evaluate = [&] { return f(constants).value().clone(); };

  GradCheckReport report{.ok = true};
  for (std::size_t input = 0; input < leaves.size(); ++input) {
    if (!leaves[input].requires_grad()) continue;
    const Tensor<double> analytic = leaves[input].grad();
    if (!analytic.defined())
      throw GraphError(fmt::format("grad_check: input {} got no gradient: f does not depend on it, or "
                                   "a detach() or NoGrad cuts it off",
                                   input));
    std::vector<double> numeric;
    double largest = 0;
    for (double& x : values[input].values()) {
      const double before = x;
      x = before + options.eps;
      const double above = x;
      const Tensor<double> f_above = evaluate();
      x = before - options.eps;
      const double below = x;
      const Tensor<double> f_below = evaluate();
      x = before;
      numeric.push_back(weighted_difference(cotangent, f_above, f_below) / (above - below));
      largest = std::max(largest, std::abs(numeric.back()));
    }
    for (Index i = 0; i < analytic.size(); ++i, ++report.elements) {
      const double a = analytic.data()[i], n = numeric[static_cast<std::size_t>(i)];
      const double error = std::abs(a - n);
      const double scale = std::max({std::abs(a), std::abs(n), 1e-3 * largest});
      const double relative = error == 0 ? 0 : error / scale;
      // Written so that a NaN fails.
      if (!(error <= options.atol + options.rtol * std::abs(n))) report.ok = false;
      report.max_abs_error = std::max(report.max_abs_error, std::isnan(error) ? INFINITY : error);
      if (!(relative <= report.max_rel_error)) {
        report.max_rel_error = std::isnan(relative) ? INFINITY : relative;
        report.worst = {input, i, a, n};
      }
    }
  }
  return report;
}

std::string GradCheckReport::to_string() const {
  return fmt::format("{}: {} elements, max relative error {:.2e}, max absolute error {:.2e}; worst at "
                     "input {}, element {}: analytic {:.12g}, numeric {:.12g}",
                     ok ? "ok" : "FAILED", elements, max_rel_error, max_abs_error, worst.input,
                     worst.element, worst.analytic, worst.numeric);
}

}  // namespace xgrad
