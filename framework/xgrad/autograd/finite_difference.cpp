#include <xgrad/autograd/finite_difference.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace xgrad {
namespace {

struct Measured {
  LineDerivative derivative;
  double rounding;  // what rounding in f's values may contribute to the derivative
};

Measured measure(const Line& line, const Tensor<double>& y, const Tensor<double>& cotangent,
                 double step) {
  const LineValue above = line(step), below = line(-step);
  const double *c = cotangent.data(), *middle = y.data();
  const double *up = std::as_const(above.y).data(), *down = std::as_const(below.y).data();
  // Differences first, so that terms which do not change cancel exactly.
  double central = 0, right = 0, left = 0, change = 0, magnitude = 0;
  bool constant = true;
  for (Index i = 0; i < y.size(); ++i) {
    if (up[i] == middle[i] && down[i] == middle[i]) continue;
    constant = false;
    central += c[i] * (up[i] - down[i]);
    right += c[i] * (up[i] - middle[i]);
    left += c[i] * (middle[i] - down[i]);
    change += std::abs(c[i] * (up[i] - down[i]));
    magnitude += std::abs(c[i] * middle[i]);
  }
  const double width = above.t - below.t;
  return {{.value = central / width,
           .left = left / -below.t,
           .right = right / above.t,
           .scale = change / width,
           .step = step,
           .constant = constant},
          std::numeric_limits<double>::epsilon() * magnitude / step};
}

}  // namespace

LineDerivative central_difference(const Line& line, const Tensor<double>& y,
                                  const Tensor<double>& cotangent, double step) {
  return measure(line, y, cotangent, step).derivative;
}

LineDerivative best_difference(const Line& line, const Tensor<double>& y,
                               const Tensor<double>& cotangent, double first_step) {
  constexpr int levels = 13;             // a factor of 1.7e7 between the first step and the last
  constexpr double good_enough = 1e-11;  // of the derivative's scale
  LineDerivative best;
  double least = std::numeric_limits<double>::infinity(), change_before = 0, factor = 0.25;
  double step = first_step;
  for (int level = 0; level < levels; ++level, step *= factor) {
    const auto [whole, whole_rounding] = measure(line, y, cotangent, step);
    const auto [half, rounding] = measure(line, y, cotangent, step / 2);
    if (level == 0) best = half;  // should no level give a finite error
    if (whole.constant && half.constant) return half;
    const double change = half.value - whole.value;
    const double scale = std::max(half.scale, whole.scale);
    // Where f is smooth, the change falls as step^2, and extrapolation leaves an error of the order
    // of its square. Where it does not fall so, the line crosses switches.
    const bool smooth = level == 0 ? std::abs(change) < 1e-3 * scale
                                   : std::abs(change) <= 0.25 * std::abs(change_before) + rounding;
    change_before = change;
    const double truncation = smooth ? change * change / scale : std::abs(change);
    const double error = truncation + rounding;
    // A derivative that is small next to f wants a longer step.
    if (level == 0 && rounding > truncation) factor = 4;
    if (error < least) {
      least = error;
      best = half;
      if (smooth) best.value += change / 3;
    }
    if (error <= good_enough * scale ||
        std::max(rounding, factor > 1 ? truncation : 0) > 10 * least)
      break;
  }
  return best;
}

}  // namespace xgrad
