#include <xgrad/core/error.hpp>
#include <xgrad/optim/schedule.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace xgrad::optim {
namespace {

void check_steps(const char* schedule, const char* what, Index steps) {
  if (steps < 1)
    throw ValueError(fmt::format("{}: {} is {}: give at least 1", schedule, what, steps));
}

void check_factor(const char* schedule, const char* what, double factor, double above = -1) {
  if (!std::isfinite(factor) || factor < 0 || factor <= above)
    throw ValueError(fmt::format("{}: {} is {}: give a finite number {}", schedule, what, factor,
                                 above < 0 ? "of at least 0" : "above 0"));
}

// From `from` at 0 to `to` at 1 along half a cosine.
double anneal(double from, double to, double progress) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

}  // namespace

Schedule step_decay(Index period, double gamma) {
  check_steps("step_decay", "period", period);
  check_factor("step_decay", "gamma", gamma);
  return [=](Index step) { return std::pow(gamma, static_cast<double>(step / period)); };
}

Schedule cosine(Index steps, double min_factor) {
  check_steps("cosine", "steps", steps);
  check_factor("cosine", "min_factor", min_factor);
  return [=](Index step) {
    return anneal(1, min_factor,
                  static_cast<double>(std::min(step, steps)) / static_cast<double>(steps));
  };
}

Schedule linear_warmup(Index steps, double start_factor) {
  check_steps("linear_warmup", "steps", steps);
  check_factor("linear_warmup", "start_factor", start_factor);
  return [=](Index step) {
    return start_factor + (1 - start_factor) * static_cast<double>(std::min(step, steps)) /
                              static_cast<double>(steps);
  };
}

Schedule one_cycle(Index total_steps, OneCycleOptions options) {
  check_steps("one_cycle", "total_steps", total_steps);
  check_factor("one_cycle", "div_factor", options.div_factor, 0);
  check_factor("one_cycle", "final_div_factor", options.final_div_factor, 0);
  if (!(options.pct_start >= 0 && options.pct_start <= 1))
    throw ValueError(
        fmt::format("one_cycle: pct_start is {}: give a number from 0 to 1", options.pct_start));
  const double start = 1 / options.div_factor;
  const double end = start / options.final_div_factor;
  // The peak and the end are steps counted from 0, hence the -1 (so does PyTorch).
  const double peak_step = options.pct_start * static_cast<double>(total_steps) - 1;
  const double last_step = static_cast<double>(total_steps) - 1;
  return [=](Index step) {
    const double t = std::min(static_cast<double>(step), last_step);
    if (t <= peak_step) return peak_step > 0 ? anneal(start, 1, t / peak_step) : 1;
    return anneal(1, end, (t - peak_step) / (last_step - peak_step));
  };
}

Schedule sequence(Schedule first, Index steps, Schedule second) {
  check_steps("sequence", "steps", steps);
  return [=, first = std::move(first), second = std::move(second)](Index step) {
    return step < steps ? first(step) : second(step - steps);
  };
}

}  // namespace xgrad::optim
