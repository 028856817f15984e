#pragma once
// Derivatives of a function along a line, from its values alone.

#include <functional>
#include <optional>

#include <xgrad/core/tensor.hpp>

namespace xgrad {

/// What a function gives at displacement `t` along a line; `t` as floating point let it come out.
struct LineValue {
  Tensor<double> y;
  double t = 0;
};
using Line = std::function<LineValue(double t)>;

/// The derivative of sum(cotangent * f) along a line, at t = 0.
struct LineDerivative {
  double value = 0;
  double left = 0, right = 0;  ///< the one-sided differences of the same step
  /// How much f changes per unit of t, without regard to signs that may cancel in `value`.
  double scale = 0;
  double step = 0;
  bool constant = false;  ///< f gave the same bytes on both sides as in the middle
};

/// The central difference of step `step`. `y` is f at t = 0.
LineDerivative central_difference(const Line& line, const Tensor<double>& y,
                                  const Tensor<double>& cotangent, double step);

/// The central difference of the best step, shrunk from `longest` until truncation and rounding
/// error are in balance, with the leading truncation error extrapolated away (Richardson).
LineDerivative best_difference(const Line& line, const Tensor<double>& y,
                               const Tensor<double>& cotangent, double first_step);

}  // namespace xgrad
