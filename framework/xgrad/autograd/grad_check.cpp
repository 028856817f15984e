#include <xgrad/autograd/checked_gradient.hpp>
#include <xgrad/autograd/convergence.hpp>
#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/autograd/grad_diagnosis.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

namespace xgrad {
namespace {

// Written so that a NaN fails.
void check_options(const GradCheckOptions& options) {
  if (options.eps && !(*options.eps > 0 && std::isfinite(*options.eps)))
    throw ValueError(fmt::format("grad_check: eps = {}: use a positive number", *options.eps));
  if (!(options.atol >= 0))
    throw ValueError(fmt::format("grad_check: atol = {}: use zero or more", options.atol));
  if (!(options.rtol >= 0))
    throw ValueError(fmt::format("grad_check: rtol = {}: use zero or more", options.rtol));
  if (options.full_up_to < 0)
    throw ValueError(
        fmt::format("grad_check: full_up_to = {}: use zero or more", options.full_up_to));
  if (options.directions < 1)
    throw ValueError(
        fmt::format("grad_check: directions = {}: use at least 1", options.directions));
}

void check_leaves(const GradCheckLeaves& leaves) {
  if (leaves.empty())
    throw ValueError("grad_check: no inputs: give the variables to differentiate by");
  bool any = false;
  for (const auto& [name, leaf] : leaves) {
    if (!leaf.requires_grad()) continue;
    any = true;
    if (leaf.size() == 0)
      throw ValueError(
          fmt::format("grad_check: {} has no elements, so its gradient cannot be checked: "
                      "give it some, or let only other inputs require one",
                      name));
  }
  if (!any)
    throw ValueError(
        "grad_check: none of the leaves requires a gradient: make them with "
        "requires_grad = true");
}

// Uniform in ±[0.5, 1.5]: never near zero, where it would hide an error.
Tensor<double> random_signs(const Shape& shape, RandomStream& random) {
  Tensor<double> result = Tensor<double>::empty(shape);
  for (double& value : result.values())
    value = random.uniform(0.5, 1.5) * (random.uniform() < 0.5 ? -1 : 1);
  return result;
}

bool same_bytes(const Tensor<double>& a, const Tensor<double>& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(double)) == 0;
}

bool near(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

double gap(const LineDerivative& d) { return std::abs(d.right - d.left); }

std::vector<double> to_vector(const Tensor<double>& x) {
  return {x.values().begin(), x.values().end()};
}

class Check {
 public:
  Check(const std::function<Variable<double>()>& f, const GradCheckLeaves& leaves,
        const GradCheckOptions& options)
      : f_(f, leaves), leaves_(leaves), options_(options), random_(options.seed, "grad_check") {}

  GradCheckReport run() {
    differentiate();
    look_for_survivors();
    for (std::size_t leaf = 0; leaf < leaves_.size(); ++leaf) check_leaf(leaf);
    sweep();
    report_.ok = report_.elements > 0 && report_.problems.empty();
    for (const GradCheckInput& input : report_.inputs) report_.ok = report_.ok && input.ok;
    return std::move(report_);
  }

 private:
  static constexpr std::size_t most_kept = 5;  // of the worst derivatives

  void differentiate() {
    const Variable<double> y = f_();
    if (!y.defined()) throw ValueError("grad_check: f gave an undefined variable");
    const Tensor<double> value = y.value().clone();
    const Tensor<double> cotangent = random_signs(value.shape(), random_);
    if (!same_bytes(value, f_.evaluate()))
      throw ValueError(
          "grad_check: f gives other values when it is called again: it must depend on "
          "its inputs alone; draw random numbers from random_stream(), which is put back "
          "before every call");
    PerLeaf analytic = f_.gradients(y, cotangent, true);
    const auto again = f_.gradients(y, cotangent);
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      const auto& [name, leaf] = leaves_[i];
      if (!leaf.requires_grad()) continue;
      if (!same_bytes(analytic[i], again[i]))
        problem(
            "a second backward() through the same graph gives {} another gradient: the first one "
            "changed what it had saved, or reads memory that it did not write",
            name);
      if (!same_bytes(f_.value(i), leaf.value())) {
        problem("f or its backward() writes to the value of {}", name);
        f_.restore(i);
      }
    }
    if (!same_bytes(value, y.value())) problem("backward() changes the result of f");
    for (const Tensor<double>& gradient : analytic)
      for (Index i = 0; i < gradient.size(); ++i)
        least_scale_ = std::fmax(least_scale_, 1e-4 * std::abs(gradient.data()[i]));
    gradient_.emplace(f_, value, cotangent, std::move(analytic), options_.eps);
  }

  // A graph that nobody holds any more must be gone, and with it its hold on the leaves.
  void look_for_survivors() {
    std::vector<std::uint32_t> before;
    for (const auto& [name, leaf] : leaves_) before.push_back(leaf.edge().node.owners());
    f_();
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      if (leaves_[i].second.edge().node.owners() != before[i])
        problem(
            "the graph from {} is still alive after its result has gone: an op saves a variable "
            "where it should save a tensor (Saved), or f keeps one",
            leaves_[i].first);
  }

  template <class... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    report_.problems.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void check_leaf(std::size_t leaf) {
    const auto& [name, variable] = leaves_[leaf];
    GradCheckInput& input =
        report_.inputs.emplace_back(GradCheckInput{.name = name, .shape = variable.shape()});
    if (!variable.requires_grad()) return;
    input.by_directions = variable.size() > options_.full_up_to;
    if (input.by_directions)
      check_directions(leaf, input);
    else
      check_elements(leaf, input);
    std::stable_sort(compared_.begin(), compared_.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    compared_.resize(std::min(compared_.size(), most_kept));
    for (const auto& [error, derivative] : compared_) input.worst.push_back(derivative);
    compared_.clear();
    report_.elements += input.elements;
    report_.kinks += input.kinks;
    report_.max_abs_error = std::max(report_.max_abs_error, input.max_abs_error);
    if (!input.worst.empty() &&
        (report_.elements == input.elements || !(input.max_rel_error <= report_.max_rel_error))) {
      report_.max_rel_error = input.max_rel_error;
      report_.worst = input.worst.front();
    }
  }

  void check_elements(std::size_t leaf, GradCheckInput& input) {
    const Tensor<double>& analytic = gradient_->analytic(leaf);
    std::vector<double> numeric(static_cast<std::size_t>(analytic.size()));
    std::vector<bool> kink(numeric.size()), ignored(numeric.size());
    double largest = 0;
    for (std::size_t i = 0; i < numeric.size(); ++i) {
      const auto element = static_cast<Index>(i);
      const double a = analytic.data()[i];
      const Line line = f_.along_element(leaf, element);
      const double step = gradient_->first_step(leaf, element);
      LineDerivative d = gradient_->by_element(leaf, element);
      ignored[i] = d.constant;
      const double short_step = 1e-4 * step;
      if (!near(a, d.value, 1e-6 * std::max(d.scale, std::abs(a)))) {
        // A switch within the step, or a wrong gradient. A shorter step may be on one side of it.
        const LineDerivative close = gradient_->difference(line, short_step);
        if (near(a, close.value, 1e-6 * close.scale))
          d = close;
        else
          kink[i] = gradient_->is_kink(leaf, element, short_step);
      } else if (gap(d) > 0.1 * std::max(std::abs(d.left), std::abs(d.right))) {
        // A minimum, where the gap between the one-sided slopes shrinks with the step, or a switch
        // in the middle between them, as of |x| at 0.
        const double wide = gap(gradient_->difference(line, step));
        const double narrow = gap(gradient_->difference(line, short_step));
        kink[i] = narrow > 0.5 * wide && gradient_->is_kink(leaf, element, short_step);
      }
      numeric[i] = kink[i] ? a : d.value;
      largest = std::max(largest, std::abs(numeric[i]));
    }
    for (std::size_t i = 0; i < numeric.size(); ++i) {
      if (kink[i]) {
        ++input.kinks;
        continue;
      }
      compare(input, {leaf, static_cast<Index>(i), analytic.data()[i], numeric[i]},
              std::max(1e-3 * largest, least_scale_), ignored[i]);
    }
    if (!input.ok)
      input.diagnosis = diagnose({.shape = analytic.shape(),
                                  .analytic = to_vector(analytic),
                                  .numeric = numeric,
                                  .value = to_vector(f_.value(leaf)),
                                  .output_shape = gradient_->y().shape(),
                                  .output = to_vector(gradient_->y()),
                                  .cotangent = to_vector(gradient_->cotangent()),
                                  .jacobian = gradient_->jacobian(leaf)});
  }

  void check_directions(std::size_t leaf, GradCheckInput& input) {
    const Tensor<double>& analytic = gradient_->analytic(leaf);
    GradientEvidence evidence;
    std::string example;
    constexpr std::size_t most_kinks = 32;
    std::vector<Index> kinks;
    for (int k = 0; k < options_.directions; ++k) {
      PerLeaf direction(leaves_.size());
      direction[leaf] = random_signs(analytic.shape(), random_);
      // Elements at a kink are taken out of this direction and the next ones, one by one.
      for (const Index kink : kinks) direction[leaf].data()[kink] = 0;
      Index element = -1;
      while (kinks.size() < most_kinks && gradient_->is_wrong_along(direction)) {
        element = gradient_->locate(leaf, direction);
        const double step = 1e-4 * gradient_->first_step(leaf, element);
        if (!gradient_->is_kink(leaf, element, step)) break;
        direction[leaf].data()[element] = 0;
        kinks.push_back(element);
      }
      if (kinks.size() == most_kinks) continue;  // an input that lives on switches
      const LineDerivative d = gradient_->along(direction);
      const auto [a, size] = gradient_->analytic_along(direction);
      evidence.analytic.push_back(a);
      evidence.numeric.push_back(d.value);
      const Index failed = input.failed;
      compare(input, {leaf, -1, a, d.value}, std::max(1e-3 * size, least_scale_), false);
      if (input.failed == failed || !example.empty()) continue;
      if (element < 0) element = gradient_->locate(leaf, direction);
      const double one = analytic.data()[element];
      const LineDerivative numeric = gradient_->by_element(leaf, element);
      compared_.emplace_back(INFINITY, GradCheckWorst{leaf, element, one, numeric.value});
      example = fmt::format("{}an element that is wrong: {}, analytic {:.9g}, numeric {:.9g}",
                            gradient_->wrong_slices(leaf, direction), element_name(input, element),
                            one, numeric.value);
    }
    input.kinks = static_cast<Index>(kinks.size());
    if (!input.ok) input.diagnosis = fmt::format("{}; {}", diagnose_directions(evidence), example);
  }

  // Enters one comparison. Relative errors are relative to at least `least_scale`. An element that
  // f `ignored` must have a gradient of zero but for rounding.
  void compare(GradCheckInput& input, const GradCheckWorst& derivative, double least_scale,
               bool ignored) {
    const double a = derivative.analytic, n = derivative.numeric;
    const double difference = std::abs(a - n);
    const double scale = std::max({std::abs(a), std::abs(n), least_scale});
    // A NaN is as wrong as can be.
    const double error = std::isnan(difference) ? INFINITY : difference;
    const double relative = error == 0 ? 0 : std::isnan(error / scale) ? INFINITY : error / scale;
    ++input.elements;
    if (!(error <= options_.atol + options_.rtol * std::abs(n)) || (ignored && error > 1e-10)) {
      ++input.failed;
      input.ok = false;
    }
    input.max_abs_error = std::max(input.max_abs_error, error);
    input.max_rel_error = std::max(input.max_rel_error, relative);
    compared_.emplace_back(relative, derivative);
  }

  void sweep() {
    PerLeaf direction(leaves_.size());
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      if (leaves_[i].second.requires_grad())
        direction[i] = random_signs(leaves_[i].second.shape(), random_);
    const auto [a, size] = gradient_->analytic_along(direction);
    const Line line = f_.along(direction);
    for (int k = 2; k <= 20; ++k) {  // 1e-1 to 1e-10
      const double step = std::pow(10, -0.5 * k);
      const LineDerivative d = gradient_->difference(line, step);
      const double scale = std::max({std::abs(a), std::abs(d.value), 1e-3 * size});
      report_.sweep.push_back({step, a == d.value ? 0 : std::abs(a - d.value) / scale});
    }
    // A line through a switch has no order.
    if (report_.kinks == 0) report_.order = observed_order(report_.sweep);
  }

  const CheckedFunction f_;
  const GradCheckLeaves& leaves_;
  const GradCheckOptions& options_;
  RandomStream random_;
  std::optional<CheckedGradient> gradient_;
  double least_scale_ = 0;  // for relative errors: next to the largest entry of all gradients
  std::vector<std::pair<double, GradCheckWorst>>
      compared_;  // of the input in work, by relative error
  GradCheckReport report_;
};

}  // namespace

GradCheckReport grad_check(const std::function<Variable<double>()>& f,
                           const GradCheckLeaves& leaves, const GradCheckOptions& options) {
  check_options(options);
  check_leaves(leaves);
  return Check(f, leaves, options).run();
}

GradCheckReport grad_check(const GradCheckFunction& f, const std::vector<Variable<double>>& inputs,
                           const GradCheckOptions& options) {
  const bool all = std::none_of(inputs.begin(), inputs.end(),
                                [](const auto& input) { return input.requires_grad(); });
  // Fresh leaves over private memory: the caller's values and gradients stay as they are.
  GradCheckLeaves leaves;
  std::vector<Variable<double>> arguments;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = inputs[i].name();
    arguments.emplace_back(inputs[i].value().clone(), all || inputs[i].requires_grad());
    leaves.emplace_back(name.empty() ? fmt::format("input {}", i) : name, arguments.back());
  }
  return grad_check([&] { return f(arguments); }, leaves, options);
}

}  // namespace xgrad
