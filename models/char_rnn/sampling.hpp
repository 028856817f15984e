#pragma once
// Drawing the next character from a model's scores.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>

namespace xgrad::models {

struct SamplingOptions {
  double temperature = 1;  ///< below 1 bolder, above 1 wilder; 0: always the likeliest
  Index top_k = 0;         ///< only the k likeliest; 0: all
  double top_p = 1;        ///< only the likeliest that together have this probability, in (0, 1]
};

/// Throws ValueError, naming the option, outside its range.
inline void check(const SamplingOptions& options) {
  if (!(options.temperature >= 0 && std::isfinite(options.temperature)))
    throw ValueError("sampling: the temperature must be 0 or more");
  if (options.top_k < 0) throw ValueError("sampling: top_k must be 0 (all) or more");
  if (!(options.top_p > 0 && options.top_p <= 1))
    throw ValueError("sampling: top_p must be above 0 and at most 1");
}

/// Draws an index of `logits` with probability softmax(logits / temperature), restricted to the
/// likeliest as the options say. Of equal scores the first counts as likelier. Takes one number
/// from `random`, also at temperature 0. Throws NumericError if a score is NaN.
template <class T>
std::int32_t sample(std::span<const T> logits, const SamplingOptions& options,
                    RandomStream& random) {
  check(options);
  if (std::any_of(logits.begin(), logits.end(), [](T score) { return std::isnan(score); }))
    throw NumericError("sampling: a score of the model is NaN: its weights are spoilt");
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto score = [&](std::int32_t id) { return logits[static_cast<std::size_t>(id)]; };
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return score(a) > score(b); });
  const double u = random.uniform();
  if (options.temperature == 0) return order.front();

  if (options.top_k > 0 && options.top_k < static_cast<Index>(order.size()))
    order.resize(static_cast<std::size_t>(options.top_k));
  std::vector<double> cumulative;
  double total = 0;
  for (const std::int32_t id : order)
    cumulative.push_back(total += std::exp((static_cast<double>(score(id)) - score(order[0])) /
                                           options.temperature));
  // The nucleus ends with the first that reaches top_p.
  const auto end = std::lower_bound(cumulative.begin(), cumulative.end(), options.top_p * total);
  if (end != cumulative.end()) total = *end;
  const auto drawn = std::upper_bound(cumulative.begin(), cumulative.end(), u * total);
  return order[static_cast<std::size_t>(
      std::min(drawn - cumulative.begin(), static_cast<Index>(order.size()) - 1))];
}

}  // namespace xgrad::models
