#include <xgrad/autograd/finite_difference.hpp>
#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/autograd/grad_diagnosis.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
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

// How checks are made: denormal numbers count while derivatives are compared, memory holds NaNs
// until it is written to, and of thousands of tiny evaluations none is worth waking a second thread
// for.
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
  PoisonedPool poisoned_;
};

// The leaves' values and gradients, and the random streams, as they were: on the way out also where
// something throws.
class AsTheyWere {
 public:
  explicit AsTheyWere(const GradCheckLeaves& leaves) : leaves_(leaves), streams_(random_streams()) {
    for (const auto& [name, leaf] : leaves_) {
      values_.push_back(leaf.value().clone());
      grads_.push_back(leaf.grad());
    }
  }
  ~AsTheyWere() {
    set_random_streams(streams_);
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      restore(i);
      if (leaves_[i].second.requires_grad()) leaves_[i].second.set_grad(grads_[i]);
    }
  }
  AsTheyWere(const AsTheyWere&) = delete;
  AsTheyWere& operator=(const AsTheyWere&) = delete;

  const Tensor<double>& value(std::size_t leaf) const { return values_[leaf]; }
  void restore(std::size_t leaf) const {
    Tensor<double> current = leaves_[leaf].second.value();
    current.copy_from(values_[leaf]);
  }
  void rewind_streams() const { set_random_streams(streams_); }

 private:
  const GradCheckLeaves& leaves_;
  RandomStreams streams_;
  std::vector<Tensor<double>> values_, grads_;
};

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

// The slope of error against step on logarithmic scales, where it is steady: over the longest run
// of steps whose local slopes agree.
std::optional<double> observed_order(std::span<const GradCheckStep> sweep) {
  const auto least = std::min_element(sweep.begin(), sweep.end(), [](const auto& a, const auto& b) {
    return a.error < b.error || (std::isfinite(a.error) && std::isnan(b.error));
  });
  // Steps shorter than the best one show rounding; so do errors close to the least. But where even
  // the best step is far off, there is no falling branch, and the slope of the whole curve tells
  // that.
  const bool wrong = least->error > 1e-3;
  const double visible = wrong ? 0 : 10 * std::max(least->error, 1e-14);
  const auto end = wrong ? sweep.end() : least;
  double order = 0, sum = 0;
  int longest = 0, length = 0;
  for (auto point = sweep.begin(); point != end && point + 1 != sweep.end(); ++point) {
    const double slope =
        std::log(point[0].error / point[1].error) / std::log(point[0].step / point[1].step);
    if (!std::isfinite(slope) || point[1].error <= visible) {
      length = 0;
      continue;
    }
    if (length > 0 && std::abs(slope - sum / length) > 0.2) length = 0;
    if (length == 0) sum = 0;
    sum += slope;
    if (++length > longest) {
      longest = length;
      order = sum / length;
    }
  }
  return longest >= 2 ? std::optional(order) : std::nullopt;
}

class Check {
 public:
  Check(const std::function<Variable<double>()>& f, const GradCheckLeaves& leaves,
        const GradCheckOptions& options)
      : f_(f),
        leaves_(leaves),
        options_(options),
        as_they_were_(leaves),
        random_(options.seed, "grad_check") {}

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
  Variable<double> call() {
    as_they_were_.rewind_streams();
    return f_();
  }
  Tensor<double> evaluate() {
    const NoGrad no_grad;
    return call().value().clone();
  }

  // backward() of `y`, whose gradients are taken out of the leaves.
  std::vector<Tensor<double>> gradients(const Variable<double>& y, const Tensor<double>& cotangent,
                                        bool retain_graph) {
    for (const auto& [name, leaf] : leaves_) leaf.zero_grad();
    y.backward(cotangent, retain_graph);
    std::vector<Tensor<double>> result;
    for (const auto& [name, leaf] : leaves_) {
      result.push_back(leaf.grad());
      if (!leaf.requires_grad()) continue;
      if (!result.back().defined())
        throw GraphError(
            fmt::format("grad_check: {} got no gradient: f does not depend on it, or a "
                        "detach() or NoGrad cuts it off",
                        name));
      if (result.back().shape() != leaf.shape())
        throw ShapeError(fmt::format("grad_check: {} of shape {} got a gradient of shape {}", name,
                                     leaf.shape().to_string(), result.back().shape().to_string()));
    }
    return result;
  }

  void differentiate() {
    const Variable<double> y = call();
    if (!y.defined()) throw ValueError("grad_check: f gave an undefined variable");
    y_ = y.value().clone();
    cotangent_ = random_signs(y_.shape(), random_);
    if (!same_bytes(y_, evaluate()))
      throw ValueError(
          "grad_check: f gives other values when it is called again: it must depend on "
          "its inputs alone; draw random numbers from random_stream(), which is put back "
          "before every call");
    analytic_ = gradients(y, cotangent_, true);
    const auto again = gradients(y, cotangent_, false);
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      const auto& [name, leaf] = leaves_[i];
      if (!leaf.requires_grad()) continue;
      if (!same_bytes(analytic_[i], again[i]))
        problem(
            "a second backward() through the same graph gives {} another gradient: the first one "
            "changed what it had saved, or reads memory that it did not write",
            name);
      if (!same_bytes(as_they_were_.value(i), leaf.value())) {
        problem("f or its backward() writes to the value of {}", name);
        as_they_were_.restore(i);
      }
    }
    if (!same_bytes(y_, y.value())) problem("backward() changes the result of f");
  }

  // A graph that nobody holds any more must be gone, and with it its hold on the leaves.
  void look_for_survivors() {
    std::vector<std::uint32_t> before;
    for (const auto& [name, leaf] : leaves_) before.push_back(leaf.edge().node.owners());
    call();
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

  // Element `element` of a leaf varies.
  Line along_element(std::size_t leaf, Index element) {
    return [this, leaf, element](double t) {
      Tensor<double> x = leaves_[leaf].second.value();
      const double before = as_they_were_.value(leaf).data()[element];
      x.data()[element] = before + t;
      const double moved = x.data()[element] - before;
      Tensor<double> y = evaluate();
      as_they_were_.restore(leaf);
      return LineValue{std::move(y), moved};
    };
  }

  // All leaves vary, each along its part of `direction`, where there is one.
  Line along(const std::vector<Tensor<double>>& direction) {
    return [this, &direction](double t) {
      for (std::size_t i = 0; i < direction.size(); ++i) {
        if (!direction[i].defined()) continue;
        const double *start = as_they_were_.value(i).data(), *v = direction[i].data();
        Tensor<double> current = leaves_[i].second.value();
        double* const x = current.data();
        for (Index k = 0; k < current.size(); ++k) x[k] = start[k] + t * v[k];
      }
      Tensor<double> y = evaluate();
      for (std::size_t i = 0; i < direction.size(); ++i)
        if (direction[i].defined()) as_they_were_.restore(i);
      return LineValue{std::move(y), t};
    };
  }

  LineDerivative derivative(const Line& line, double longest) {
    return options_.eps ? central_difference(line, y_, cotangent_, *options_.eps)
                        : best_difference(line, y_, cotangent_, longest);
  }

  // Steps that a value of this size can tell apart.
  static double longest_step(double x) { return std::max(1e-3, 1e-6 * std::abs(x)); }

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
      const Line line = along_element(leaf, element);
      const double longest = longest_step(as_they_were_.value(leaf).data()[i]);
      LineDerivative d = derivative(line, longest);
      ignored[i] = d.constant;
      const double step = 1e-4 * longest;
      if (!near(a, d.value, 1e-6 * std::max(d.scale, std::abs(a)))) {
        // A switch within the step, or a wrong gradient. A shorter step may be on one side of it.
        const LineDerivative close = central_difference(line, y_, cotangent_, step);
        if (near(a, close.value, 1e-6 * close.scale))
          d = close;
        else
          kink[i] = is_kink(leaf, element, step);
      } else if (gap(d) > 0.1 * std::max(std::abs(d.left), std::abs(d.right))) {
        // A minimum, where the gap between the one-sided slopes shrinks with the step, or a switch
        // in the middle between them, as of |x| at 0.
        const double wide = gap(central_difference(line, y_, cotangent_, longest));
        const double narrow = gap(central_difference(line, y_, cotangent_, step));
        kink[i] = narrow > 0.5 * wide && is_kink(leaf, element, step);
      }
      numeric[i] = kink[i] ? a : d.value;
      largest = std::max(largest, std::abs(numeric[i]));
    }
    for (std::size_t i = 0; i < numeric.size(); ++i) {
      if (kink[i]) {
        ++input.kinks;
        continue;
      }
      compare(input, {leaf, static_cast<Index>(i), analytic.data()[i], numeric[i]}, 1e-3 * largest,
              ignored[i]);
    }
    if (!input.ok)
      input.diagnosis = diagnose({.shape = analytic.shape(),
                                  .analytic = to_vector(analytic),
                                  .numeric = numeric,
                                  .value = to_vector(as_they_were_.value(leaf)),
                                  .output_shape = y_.shape(),
                                  .output = to_vector(y_),
                                  .cotangent = to_vector(cotangent_),
                                  .jacobian = jacobian(leaf)});
  }

  // Whether f switches at this very element: some outputs have different slopes to the left and to
  // the right, and what backward() gives for each of them is one of the two or between them, as
  // where several switches meet; the others are smooth.
  bool is_kink(std::size_t leaf, Index element, double step) {
    const Line line = along_element(leaf, element);
    const LineValue above = line(step), below = line(-step);
    const auto analytic = [&](const Tensor<double>& cotangent) {
      return gradients(call(), cotangent, false)[leaf].data()[element];
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
    std::optional<GradCheckWorst> culprit;
    for (int k = 0; k < options_.directions; ++k) {
      std::vector<Tensor<double>> direction(leaves_.size());
      direction[leaf] = random_signs(analytic.shape(), random_);
      const auto [a, size] = analytic_along(direction);
      const LineDerivative d = derivative(along(direction), 1e-3);
      evidence.analytic.push_back(a);
      evidence.numeric.push_back(d.value);
      const Index failed = input.failed;
      compare(input, {leaf, -1, a, d.value}, 1e-3 * size, false);
      if (input.failed > failed && !culprit) culprit = locate(leaf, std::move(direction));
    }
    if (!culprit) return;
    input.worst.insert(input.worst.begin(), *culprit);
    input.worst.resize(std::min(input.worst.size(), worst_kept));
    input.diagnosis = fmt::format("{}; one wrong element is {}: analytic {:.9g}, numeric {:.9g}",
                                  diagnose_directions(evidence),
                                  element_name(input, culprit->element), culprit->analytic,
                                  culprit->numeric);
  }

  // The derivative that backward() gives along a direction, and its size without cancellation.
  std::pair<double, double> analytic_along(const std::vector<Tensor<double>>& direction) const {
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
  GradCheckWorst locate(std::size_t leaf, std::vector<Tensor<double>> direction) {
    Index begin = 0, end = direction[leaf].size();
    const auto half_of = [&](Index from, Index to) {
      std::vector<Tensor<double>> half(direction.size());
      half[leaf] = Tensor<double>(direction[leaf].shape());
      std::copy(std::as_const(direction[leaf]).data() + from,
                std::as_const(direction[leaf]).data() + to, half[leaf].data() + from);
      return half;
    };
    const auto error_of = [&](Index from, Index to) {
      const auto half = half_of(from, to);
      const double error =
          std::abs(analytic_along(half).first - derivative(along(half), 1e-3).value);
      return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
    };
    while (end - begin > 1) {
      const Index middle = begin + (end - begin) / 2;
      if (error_of(begin, middle) >= error_of(middle, end))
        end = middle;
      else
        begin = middle;
    }
    const LineDerivative d = derivative(along_element(leaf, begin),
                                        longest_step(as_they_were_.value(leaf).data()[begin]));
    return {leaf, begin, analytic_[leaf].data()[begin], d.value};
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
    keep_worst(input, derivative, relative);
  }

  static constexpr std::size_t worst_kept = 5;
  void keep_worst(GradCheckInput& input, const GradCheckWorst& derivative, double relative) {
    if (input.worst.empty()) relative_of_worst_.clear();
    const auto place = std::upper_bound(relative_of_worst_.begin(), relative_of_worst_.end(),
                                        relative, std::greater<>());
    const auto position = std::distance(relative_of_worst_.begin(), place);
    relative_of_worst_.insert(place, relative);
    input.worst.insert(input.worst.begin() + position, derivative);
    if (input.worst.size() > worst_kept) {
      input.worst.pop_back();
      relative_of_worst_.pop_back();
    }
  }

  // How each output takes part in the derivative by each element, by plain central differences;
  // empty where it would be too large to be worth it.
  std::vector<double> jacobian(std::size_t leaf) {
    constexpr Index most = 1 << 22;
    const Index elements = analytic_[leaf].size();
    if (elements * y_.size() > most) return {};
    std::vector<double> result(static_cast<std::size_t>(elements * y_.size()));
    for (Index element = 0; element < elements; ++element) {
      const Line line = along_element(leaf, element);
      const double step = 1e-3 * longest_step(as_they_were_.value(leaf).data()[element]);
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
    std::vector<Tensor<double>> direction(leaves_.size());
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      if (leaves_[i].second.requires_grad())
        direction[i] = random_signs(leaves_[i].second.shape(), random_);
    const auto [a, size] = analytic_along(direction);
    const Line line = along(direction);
    for (int k = 2; k <= 20; ++k) {  // 1e-1 to 1e-10
      const double step = std::pow(10, -0.5 * k);
      const LineDerivative d = central_difference(line, y_, cotangent_, step);
      const double scale = std::max({std::abs(a), std::abs(d.value), 1e-3 * size});
      report_.sweep.push_back({step, a == d.value ? 0 : std::abs(a - d.value) / scale});
    }
    // A line through a switch has no order.
    if (report_.kinks == 0) report_.order = observed_order(report_.sweep);
  }

  const std::function<Variable<double>()>& f_;
  const GradCheckLeaves& leaves_;
  const GradCheckOptions& options_;
  CheckingMode mode_;
  AsTheyWere as_they_were_;
  RandomStream random_;
  Tensor<double> y_, cotangent_;
  std::vector<Tensor<double>> analytic_;
  std::vector<double> relative_of_worst_;  // of the input in work, beside its `worst`
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

std::string element_name(const GradCheckInput& input, Index element) {
  if (element < 0) return input.name + " along a random direction";
  std::vector<Index> index(input.shape.size());
  for (int axis = input.shape.rank() - 1; axis >= 0; --axis) {
    index[static_cast<std::size_t>(axis)] = element % input.shape[axis];
    element /= input.shape[axis];
  }
  return fmt::format("{}[{}]", input.name, fmt::join(index, ", "));
}

std::string GradCheckReport::to_string() const {
  std::string text =
      fmt::format("{}: {} derivatives, max relative error {:.2e}, max absolute error {:.2e}",
                  ok ? "ok" : "FAILED", elements, max_rel_error, max_abs_error);
  if (kinks > 0) text += fmt::format("; {} at a kink, not compared", kinks);
  if (order) text += fmt::format("; order of convergence {:.2f}", *order);
  if (worst.input < inputs.size() && elements > 0)
    text += fmt::format("; worst at {}: analytic {:.12g}, numeric {:.12g}",
                        element_name(inputs[worst.input], worst.element), worst.analytic,
                        worst.numeric);
  if (elements == 0) text += ": nothing could be compared; move the inputs off the kinks";
  for (const GradCheckInput& input : inputs)
    if (!input.ok)
      text += fmt::format("\n  {}: {} of {} wrong: {}", input.name, input.failed, input.elements,
                          input.diagnosis);
  for (const std::string& problem : problems) text.append("\n  ").append(problem);
  return text;
}

}  // namespace xgrad
