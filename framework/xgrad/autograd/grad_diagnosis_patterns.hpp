#pragma once
// The patterns that diagnose() looks for. Private.

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/autograd/grad_diagnosis.hpp>

namespace xgrad::diagnosis {

using Values = std::vector<double>;
/// The sentence, where the pattern fits.
using Finding = std::optional<std::string>;

/// The evidence, with what all patterns ask for.
struct Case : GradientEvidence {
  double largest = 0;            // |numeric|
  std::vector<Index> strides{};  // of the input
  std::vector<bool> wrong{};
  Index wrong_count = 0;
  /// Each output depends on one element of the input, its own.
  bool elementwise = false;

  explicit Case(const GradientEvidence& evidence);

  Index size() const { return static_cast<Index>(numeric.size()); }
  Index stride(int axis) const { return strides[static_cast<std::size_t>(axis)]; }
  Index coordinate(Index element, int axis) const { return element / stride(axis) % shape[axis]; }
  double error(Index element) const {
    const auto n = static_cast<std::size_t>(element);
    return analytic[n] - numeric[n];
  }

  /// Equal but for what finite differences cannot tell.
  bool same(double a, double b) const {
    return std::abs(a - b) <= 1e-5 * std::max(largest, 1e-30) + 1e-4 * std::abs(b);
  }
  bool all_same(const Values& expected) const;
};

/// k of analytic = k * numeric, over the elements for which `use(element)` holds.
template <class Use>
std::optional<double> common_factor(const Case& c, Use use) {
  double an = 0, nn = 0;
  for (std::size_t i = 0; i < c.numeric.size(); ++i)
    if (use(i)) an += c.analytic[i] * c.numeric[i], nn += c.numeric[i] * c.numeric[i];
  const double k = an / nn;
  if (!std::isfinite(k)) return {};
  for (std::size_t i = 0; i < c.numeric.size(); ++i)
    if (use(i) && !c.same(c.analytic[i], k * c.numeric[i])) return {};
  return k;
}

// The whole gradient, or each part of it, has a factor.
Finding factor(const Case& c);
Finding factor_along_an_axis(const Case& c);

// Right values at wrong places.
Finding transposition(const Case& c);
Finding reversal(const Case& c);
Finding blocks(const Case& c);
Finding shift(const Case& c);
Finding permutation(const Case& c);
Finding unchanged(const Case& c);
Finding of_another_output(const Case& c);

// Sums that lack a term.
Finding accumulation(const Case& c);
Finding missing_mean(const Case& c);
Finding missing_product(const Case& c);

}  // namespace xgrad::diagnosis
