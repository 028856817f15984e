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
                               const Tensor<double>& cotangent, double longest) {
  constexpr int levels = 13;             // down to longest / 1.7e7
  constexpr double good_enough = 1e-11;  // of the derivative's scale
  LineDerivative best;
  double least = std::numeric_limits<double>::infinity();
  double step = longest;
  for (int level = 0; level < levels; ++level, step /= 4) {
    const auto [whole, whole_rounding] = measure(line, y, cotangent, step);
    const auto [half, rounding] = measure(line, y, cotangent, step / 2);
    if (level == 0) best = half;  // should no level give a finite error
    if (whole.constant && half.constant) return half;
    const double change = half.value - whole.value;
    // Extrapolation leaves an error of the order of the square of what it takes away.
    const double scale = std::max(half.scale, whole.scale);
    const double error = change * change / scale + rounding;
    if (error < least) {
      least = error;
      best = half;
      best.value += change / 3;
    }
    if (error <= good_enough * scale || rounding > 10 * least) break;
  }
  return best;
}

}  // namespace xgrad
