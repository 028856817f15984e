#pragma once
// Private: where values lie along an axis of a chart.

#include <vector>

#include <xgrad/train/chart.hpp>

namespace xgrad::train {

/// 1, 2 or 5 times a power of ten from `least` on, a power of ten itself, such that there are at
/// most six ticks up to `last`.
double chart_tick_step(double last, double least);

/// A logarithmic axis spans whole decades, one at least, and not more than 30; a linear one whole
/// steps between ticks.
class ChartAxis {
 public:
  /// `tight`: a linear axis ends where the values do.
  ChartAxis(const std::vector<ChartCurve>& curves, std::vector<double> ChartCurve::*values,
            bool linear, bool tight = false);

  bool is_linear() const { return linear_; }
  /// Values to mark; of a logarithmic axis, their exponents.
  std::vector<double> ticks() const;
  /// Where the tick lies between the ends, which are 0 and 1.
  double share_of_tick(double tick) const { return (tick - low_) / (high_ - low_); }
  /// The same for a value.
  double share(double value) const;
  /// Whether there is a place for the value.
  bool shows(double value) const;

 private:
  bool has_place(double value) const;
  double place(double value) const;

  bool linear_;
  double low_ = 0, high_ = 1;
  double step_ = 1;  // between ticks
};

}  // namespace xgrad::train
