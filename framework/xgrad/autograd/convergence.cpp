#include <xgrad/autograd/convergence.hpp>

#include <algorithm>
#include <cmath>

namespace xgrad {

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
    if (!std::isfinite(slope) || point[1].error <= visible || (!wrong && slope < 0.5)) {
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

}  // namespace xgrad
