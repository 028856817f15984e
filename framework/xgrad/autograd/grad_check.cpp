#include <xgrad/autograd/checked_function.hpp>
#include <xgrad/autograd/convergence.hpp>
#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/autograd/grad_diagnosis.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <set>
#include <span>

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
    y_ = y.value().clone();
    cotangent_ = random_signs(y_.shape(), random_);
    if (!same_bytes(y_, f_.evaluate()))
      throw ValueError(
          "grad_check: f gives other values when it is called again: it must depend on "
          "its inputs alone; draw random numbers from random_stream(), which is put back "
          "before every call");
    analytic_ = f_.gradients(y, cotangent_, true);
    const auto again = f_.gradients(y, cotangent_);
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      const auto& [name, leaf] = leaves_[i];
      if (!leaf.requires_grad()) continue;
      if (!same_bytes(analytic_[i], again[i]))
        problem(
            "a second backward() through the same graph gives {} another gradient: the first one "
            "changed what it had saved, or reads memory that it did not write",
            name);
      if (!same_bytes(f_.value(i), leaf.value())) {
        problem("f or its backward() writes to the value of {}", name);
        f_.restore(i);
      }
    }
    if (!same_bytes(y_, y.value())) problem("backward() changes the result of f");
    for (const Tensor<double>& gradient : analytic_)
      for (Index i = 0; i < gradient.size(); ++i)
        least_scale_ = std::fmax(least_scale_, 1e-4 * std::abs(gradient.data()[i]));
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

  LineDerivative derivative(const Line& line, double step) {
    return options_.eps ? central_difference(line, y_, cotangent_, *options_.eps)
                        : best_difference(line, y_, cotangent_, step);
  }

  // Steps that a value of this size can tell apart.
  static double first_step(double x) { return std::max(1e-3, 1e-6 * std::abs(x)); }

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
    const Tensor<double>& analytic = analytic_[leaf];
    std::vector<double> numeric(static_cast<std::size_t>(analytic.size()));
    std::vector<bool> kink(numeric.size()), ignored(numeric.size());
    double largest = 0;
    for (std::size_t i = 0; i < numeric.size(); ++i) {
      const auto element = static_cast<Index>(i);
      const double a = analytic.data()[i];
      const Line line = f_.along_element(leaf, element);
      const double step = first_step(f_.value(leaf).data()[i]);
      LineDerivative d = derivative(line, step);
      ignored[i] = d.constant;
      const double short_step = 1e-4 * step;
      if (!near(a, d.value, 1e-6 * std::max(d.scale, std::abs(a)))) {
        // A switch within the step, or a wrong gradient. A shorter step may be on one side of it.
        const LineDerivative close = central_difference(line, y_, cotangent_, short_step);
        if (near(a, close.value, 1e-6 * close.scale))
          d = close;
        else
          kink[i] = is_kink(leaf, element, short_step);
      } else if (gap(d) > 0.1 * std::max(std::abs(d.left), std::abs(d.right))) {
        // A minimum, where the gap between the one-sided slopes shrinks with the step, or a switch
        // in the middle between them, as of |x| at 0.
        const double wide = gap(central_difference(line, y_, cotangent_, step));
        const double narrow = gap(central_difference(line, y_, cotangent_, short_step));
        kink[i] = narrow > 0.5 * wide && is_kink(leaf, element, short_step);
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
                                  .output_shape = y_.shape(),
                                  .output = to_vector(y_),
                                  .cotangent = to_vector(cotangent_),
                                  .jacobian = jacobian(leaf)});
  }

  // Whether f switches at this very element: some outputs have different slopes to the left and to
  // the right, and what backward() gives for each of them is one of the two or between them, as
  // where several switches meet; the others are smooth.
  bool is_kink(std::size_t leaf, Index element, double step) {
    const Line line = f_.along_element(leaf, element);
    const LineValue above = line(step), below = line(-step);
    const auto analytic = [&](const Tensor<double>& cotangent) {
      return f_.gradients(f_(), cotangent)[leaf].data()[element];
    };
    Tensor<double> smooth = cotangent_.clone();
    bool found = false;
    double expected = 0, scale = 0;
    for (Index i = 0; i < y_.size(); ++i) {
      const double c = cotangent_.data()[i], y = std::as_const(y_).data()[i];
      const double right = c * (std::as_const(above.y).data()[i] - y) / above.t;
      const double left = c * (std::as_const(below.y).data()[i] - y) / below.t;
      const double size = std::max(std::abs(right), std::abs(left));
      const double rounding = 1e-15 * std::abs(c * y) / step;
      scale += size;
      if (near(right, left, 1e-2 * size + rounding)) {
        expected += (right + left) / 2;
        continue;
      }
      found = true;
      smooth.data()[i] = 0;
      Tensor<double> only(y_.shape());
      only.data()[i] = c;
      const double a = analytic(only);
      // Written so that a NaN is no kink.
      if (!(a >= std::min(left, right) - 1e-4 * size && a <= std::max(left, right) + 1e-4 * size))
        return false;
    }
    return found && near(analytic(smooth), expected, 1e-4 * scale);
  }

  void check_directions(std::size_t leaf, GradCheckInput& input) {
    const Tensor<double>& analytic = analytic_[leaf];
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
      while (kinks.size() < most_kinks && is_wrong_along(direction)) {
        element = locate(leaf, direction);
        const double step = 1e-4 * first_step(f_.value(leaf).data()[element]);
        if (!is_kink(leaf, element, step)) break;
        direction[leaf].data()[element] = 0;
        kinks.push_back(element);
      }
      if (kinks.size() == most_kinks) continue;  // an input that lives on switches
      const LineDerivative d = directional_derivative(direction);
      const auto [a, size] = analytic_along(direction);
      evidence.analytic.push_back(a);
      evidence.numeric.push_back(d.value);
      const Index failed = input.failed;
      compare(input, {leaf, -1, a, d.value}, std::max(1e-3 * size, least_scale_), false);
      if (input.failed == failed || !example.empty()) continue;
      if (element < 0) element = locate(leaf, direction);
      const double one = analytic.data()[element];
      const LineDerivative numeric =
          derivative(f_.along_element(leaf, element), first_step(f_.value(leaf).data()[element]));
      compared_.emplace_back(INFINITY, GradCheckWorst{leaf, element, one, numeric.value});
      example = fmt::format("{}an element that is wrong: {}, analytic {:.9g}, numeric {:.9g}",
                            wrong_slices(leaf, direction), element_name(input, element), one,
                            numeric.value);
    }
    input.kinks = static_cast<Index>(kinks.size());
    if (!input.ok) input.diagnosis = fmt::format("{}; {}", diagnose_directions(evidence), example);
  }

  bool is_wrong_along(const PerLeaf& direction) {
    const LineDerivative d = directional_derivative(direction);
    const auto [a, size] = analytic_along(direction);
    return !near(a, d.value, 1e-6 * std::max({d.scale, std::abs(a), 1e-3 * size}));
  }

  // "all with index 3 on axis 0 (of 4); " for the axes on which some indices are right. Axes that
  // would take long are left out.
  std::string wrong_slices(std::size_t leaf, const PerLeaf& direction) {
    constexpr Index most = 128;
    const Tensor<double>& whole = direction[leaf];
    std::vector<std::string> places;
    Index stride = whole.size();
    for (int axis = 0; axis < whole.shape().rank(); ++axis) {
      const Index extent = whole.shape(axis);
      stride /= extent;
      if (extent > most) continue;
      std::set<Index> wrong;
      for (Index index = 0; index < extent; ++index) {
        PerLeaf part(direction.size());
        part[leaf] = whole.clone();
        double* const v = part[leaf].data();
        for (Index n = 0; n < whole.size(); ++n)
          if (n / stride % extent != index) v[n] = 0;
        if (is_wrong_along(part)) wrong.insert(index);
      }
      if (!wrong.empty() && static_cast<Index>(wrong.size()) < extent)
        places.push_back(indices_on_axis(wrong, axis, extent));
    }
    return places.empty() ? "" : fmt::format("all with {}; ", fmt::join(places, " and "));
  }

  // Many elements at once cross switches with a step that each of them could take: the shorter
  // steps that rounding allows are tried, too.
  LineDerivative directional_derivative(const PerLeaf& direction) {
    const double a = analytic_along(direction).first;
    const Line line = f_.along(direction);
    const LineDerivative best = derivative(line, 1e-3);
    const auto agrees = [a](const LineDerivative& d) {
      return near(a, d.value, 1e-7 * std::max(d.scale, std::abs(a)));
    };
    if (options_.eps || agrees(best)) return best;
    for (double step = 1e-5; step > 1e-8; step /= 4)
      if (const auto d = central_difference(line, y_, cotangent_, step); agrees(d)) return d;
    return best;
  }

  // The derivative that backward() gives along a direction, and its size without cancellation.
  std::pair<double, double> analytic_along(const PerLeaf& direction) const {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < direction.size(); ++i) {
      if (!direction[i].defined()) continue;
      for (Index k = 0; k < direction[i].size(); ++k) {
        const double term = analytic_[i].data()[k] * direction[i].data()[k];
        sum += term;
        squares += term * term;
      }
    }
    return {sum, std::sqrt(squares)};
  }

  // Halves a direction along which the check failed, keeping the half that is further off, down to
  // one element.
  Index locate(std::size_t leaf, const PerLeaf& direction) {
    Index begin = 0, end = direction[leaf].size();
    const auto error_of = [&](Index from, Index to) {
      PerLeaf part(direction.size());
      part[leaf] = Tensor<double>(direction[leaf].shape());
      std::copy(direction[leaf].data() + from, direction[leaf].data() + to,
                part[leaf].data() + from);
      const double error =
          std::abs(analytic_along(part).first - derivative(f_.along(part), 1e-3).value);
      return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
    };
    while (end - begin > 1) {
      const Index middle = begin + (end - begin) / 2;
      if (error_of(begin, middle) >= error_of(middle, end))
        end = middle;
      else
        begin = middle;
    }
    return begin;
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

  // How each output takes part in the derivative by each element, by plain central differences;
  // empty where it would be too large to be worth it.
  std::vector<double> jacobian(std::size_t leaf) {
    constexpr Index most = 1 << 22;
    const Index elements = analytic_[leaf].size();
    if (elements * y_.size() > most) return {};
    std::vector<double> result(static_cast<std::size_t>(elements * y_.size()));
    for (Index element = 0; element < elements; ++element) {
      const Line line = f_.along_element(leaf, element);
      const double step = 1e-3 * first_step(f_.value(leaf).data()[element]);
      const LineValue above = line(step), below = line(-step);
      for (Index i = 0; i < y_.size(); ++i)
        result[static_cast<std::size_t>(i * elements + element)] =
            cotangent_.data()[i] *
            (std::as_const(above.y).data()[i] - std::as_const(below.y).data()[i]) /
            (above.t - below.t);
    }
    return result;
  }

  void sweep() {
    PerLeaf direction(leaves_.size());
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      if (leaves_[i].second.requires_grad())
        direction[i] = random_signs(leaves_[i].second.shape(), random_);
    const auto [a, size] = analytic_along(direction);
    const Line line = f_.along(direction);
    for (int k = 2; k <= 20; ++k) {  // 1e-1 to 1e-10
      const double step = std::pow(10, -0.5 * k);
      const LineDerivative d = central_difference(line, y_, cotangent_, step);
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
  Tensor<double> y_, cotangent_;
  PerLeaf analytic_;
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
