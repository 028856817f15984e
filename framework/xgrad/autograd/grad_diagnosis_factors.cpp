#include <xgrad/autograd/grad_diagnosis_patterns.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xgrad::diagnosis {
namespace {

bool is(double a, double b) { return std::abs(a - b) <= 1e-5 * std::abs(b); }

// "the output's axes 0, 1" where the product of their extents is `count`; "" where there are none.
std::string axes_with_product(const Shape& shape, const char* whose, double count) {
  for (unsigned axes = 1; axes < 1U << shape.rank(); ++axes) {
    std::vector<int> named;
    double product = 1;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if ((axes >> axis & 1U) == 0 || shape[axis] == 1) continue;
      named.push_back(axis);
      product *= static_cast<double>(shape[axis]);
    }
    if (!named.empty() && is(count, product))
      return fmt::format("the {}'s {} {}", whose, named.size() == 1 ? "axis" : "axes",
                         fmt::join(named, ", "));
  }
  return "";
}

std::string axes_with_product(const Case& c, double count) {
  const std::string output = axes_with_product(c.output_shape, "output", count);
  return output.empty() ? axes_with_product(c.shape, "input", count) : output;
}

// What a factor usually is: a count that was divided by, or was not.
std::string origin_of_factor(const Case& c, double k) {
  std::vector<std::string> guesses;
  if (is(k, 2)) guesses.push_back("counted twice");
  if (is(k, 0.5)) guesses.push_back("the 2 of a derived square, or one of two uses, is missing");
  if (c.elementwise) {
    if (guesses.empty()) guesses.push_back("a constant of the formula is left out, or inverted");
  } else if (const std::string many = axes_with_product(c, k); !many.empty()) {
    guesses.push_back("not divided by the extent of " + many + ", a sum for a mean");
  } else if (const std::string one = axes_with_product(c, 1 / k); !one.empty()) {
    guesses.push_back("divided by the extent of " + one + ", a mean for a sum");
  }
  return guesses.empty() ? "" : fmt::format(": {}?", fmt::join(guesses, "; or "));
}

}  // namespace

Finding factor(const Case& c) {
  const auto k = common_factor(c, [](std::size_t) { return true; });
  if (!k || *k == 0) return {};
  if (std::abs(*k + 1) < 1e-4) return "the sign is wrong: the gradient is minus what it should be";
  return fmt::format("off by the factor {:.6g} everywhere{}", *k, origin_of_factor(c, *k));
}

// A factor of its own for each index of an axis, as a scale per channel or a weight per row has.
Finding factor_along_an_axis(const Case& c) {
  for (int axis = 0; axis < c.shape.rank(); ++axis) {
    const Index extent = c.shape[axis];
    if (extent < 2 || c.size() / extent < 3) continue;
    Values factors;
    for (Index index = 0; index < extent; ++index) {
      const auto k = common_factor(
          c, [&](std::size_t n) { return c.coordinate(static_cast<Index>(n), axis) == index; });
      // Where some are right or zero, it is about those that are not.
      if (!k || is(*k, 1) || *k == 0) break;
      factors.push_back(*k);
    }
    if (static_cast<Index>(factors.size()) == extent)
      return fmt::format(
          "off by a factor that depends on the index on axis {} alone ({:.3g}{}): a scale along "
          "that "
          "axis is missing, or another one is used",
          axis,
          fmt::join(Values(factors.begin(), factors.begin() + std::min<Index>(extent, 4)), ", "),
          extent > 4 ? ", .." : "");
  }
  return {};
}

}  // namespace xgrad::diagnosis
