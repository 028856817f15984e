#include <xgrad/autograd/checked_gradient.hpp>
#include <xgrad/autograd/grad_diagnosis.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace xgrad {
namespace {

bool near(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

}  // namespace

double CheckedGradient::first_step(std::size_t leaf, Index element) const {
  return std::max(1e-3, 1e-6 * std::abs(f_.value(leaf).data()[element]));
}

LineDerivative CheckedGradient::by_element(std::size_t leaf, Index element) const {
  return derivative(f_.along_element(leaf, element), first_step(leaf, element));
}

LineDerivative CheckedGradient::derivative(const Line& line, double step) const {
  return eps_ ? difference(line, *eps_) : best_difference(line, y_, cotangent_, step);
}

bool CheckedGradient::is_kink(std::size_t leaf, Index element, double step) const {
  const Line line = f_.along_element(leaf, element);
  const LineValue above = line(step), below = line(-step);
  const auto analytic = [&](const Tensor<double>& cotangent) {
    return f_.gradients(f_(), cotangent)[leaf].data()[element];
  };
  Tensor<double> smooth = cotangent_.clone();
  bool found = false;
  double expected = 0, scale = 0;
  for (Index i = 0; i < y_.size(); ++i) {
    const double c = cotangent_.data()[i], y = y_.data()[i];
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

std::pair<double, double> CheckedGradient::analytic_along(const PerLeaf& direction) const {
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

// Many elements at once cross switches with a step that each of them could take: the shorter
// steps that rounding allows are tried, too.
LineDerivative CheckedGradient::along(const PerLeaf& direction) const {
  const double a = analytic_along(direction).first;
  const Line line = f_.along(direction);
  const LineDerivative best = derivative(line, 1e-3);
  const auto agrees = [a](const LineDerivative& d) {
    return near(a, d.value, 1e-7 * std::max(d.scale, std::abs(a)));
  };
  if (eps_ || agrees(best)) return best;
  for (double step = 1e-5; step > 1e-8; step /= 4)
    if (const auto d = difference(line, step); agrees(d)) return d;
  return best;
}

bool CheckedGradient::is_wrong_along(const PerLeaf& direction) const {
  const LineDerivative d = along(direction);
  const auto [a, size] = analytic_along(direction);
  return !near(a, d.value, 1e-6 * std::max({d.scale, std::abs(a), 1e-3 * size}));
}

Index CheckedGradient::locate(std::size_t leaf, const PerLeaf& direction) const {
  Index begin = 0, end = direction[leaf].size();
  const auto error_of = [&](Index from, Index to) {
    PerLeaf part(direction.size());
    part[leaf] = Tensor<double>(direction[leaf].shape());
    std::copy(direction[leaf].data() + from, direction[leaf].data() + to, part[leaf].data() + from);
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

std::string CheckedGradient::wrong_slices(std::size_t leaf, const PerLeaf& direction) const {
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

std::vector<double> CheckedGradient::jacobian(std::size_t leaf) const {
  constexpr Index most = 1 << 22;
  const Index elements = analytic_[leaf].size();
  if (elements * y_.size() > most) return {};
  std::vector<double> result(static_cast<std::size_t>(elements * y_.size()));
  for (Index element = 0; element < elements; ++element) {
    const Line line = f_.along_element(leaf, element);
    const double step = 1e-3 * first_step(leaf, element);
    const LineValue above = line(step), below = line(-step);
    for (Index i = 0; i < y_.size(); ++i)
      result[static_cast<std::size_t>(i * elements + element)] =
          cotangent_.data()[i] *
          (std::as_const(above.y).data()[i] - std::as_const(below.y).data()[i]) /
          (above.t - below.t);
  }
  return result;
}

}  // namespace xgrad
