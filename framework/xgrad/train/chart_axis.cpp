#include <xgrad/train/chart_axis.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace xgrad::train {

constexpr double most_decades = 30;

double chart_tick_step(double last, double least) {
  double step = least;
  for (int i = 0; last / step > 6; ++i) step *= i % 3 == 1 ? 2.5 : 2;
  return step;
}

ChartAxis::ChartAxis(const std::vector<ChartCurve>& curves, std::vector<double> ChartCurve::*values,
                     bool linear, bool tight)
    : linear_(linear) {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  for (const ChartCurve& curve : curves)
    for (const double value : curve.*values) {
      if (!has_place(value)) continue;
      least = std::min(least, place(value));
      most = std::max(most, place(value));
    }
  if (most < least) return;  // nothing to draw
  if (linear_) {
    const double height = std::abs(most), span = most > least ? most - least
                                                 : height > 0 ? height
                                                              : 1;
    step_ = chart_tick_step(span, std::pow(10, std::floor(std::log10(span)) - 1));
    low_ = step_ * std::floor(least / step_);
    high_ = step_ * std::ceil(most / step_);
    if (low_ == high_) {  // a level curve lies in the middle, not on the frame
      low_ -= step_;
      high_ += step_;
    }
    if (tight && most > low_) high_ = most;
    return;
  }
  high_ = std::ceil(most);
  low_ = std::max(std::floor(least), high_ - most_decades);
  // As above.
  if (low_ == high_ || least - low_ < 1e-9) low_ -= 1;
  if (high_ - most < 1e-9) high_ += 1;
  step_ = std::max(1.0, std::ceil((high_ - low_) / 7));
}

std::vector<double> ChartAxis::ticks() const {
  std::vector<double> ticks;
  const double end = high_ + 1e-9 * (high_ - low_);  // rounding may have gone beyond
  for (int i = 0; low_ + i * step_ <= end; ++i) {
    const double tick = low_ + i * step_;
    ticks.push_back(std::abs(tick) < 1e-9 * step_ ? 0 : tick);
  }
  return ticks;
}

double ChartAxis::share(double value) const {
  return std::clamp(share_of_tick(place(value)), 0.0, 1.0);
}

bool ChartAxis::shows(double value) const { return has_place(value) && place(value) >= low_; }

bool ChartAxis::has_place(double value) const {
  return std::isfinite(value) && (linear_ || value > 0);
}

double ChartAxis::place(double value) const { return linear_ ? value : std::log10(value); }

}  // namespace xgrad::train
