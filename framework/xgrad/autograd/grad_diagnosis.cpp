#include <xgrad/autograd/grad_diagnosis_patterns.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xgrad {
namespace diagnosis {

Case::Case(const GradientEvidence& evidence)
    : GradientEvidence(evidence), strides(evidence.shape.size(), 1) {
  for (int axis = shape.rank() - 2; axis >= 0; --axis)
    strides[static_cast<std::size_t>(axis)] =
        strides[static_cast<std::size_t>(axis) + 1] * shape[axis + 1];
  for (const double n : numeric) largest = std::max(largest, std::abs(n));
  for (std::size_t i = 0; i < numeric.size(); ++i) {
    wrong.push_back(!same(analytic[i], numeric[i]));
    wrong_count += wrong.back() ? 1 : 0;
  }
  elementwise = !jacobian.empty() && output_shape == shape;
  for (std::size_t k = 0; k < jacobian.size() && elementwise; ++k)
    elementwise =
        k / numeric.size() == k % numeric.size() || std::abs(jacobian[k]) <= 1e-9 * largest;
}

bool Case::all_same(const Values& expected) const {
  for (std::size_t i = 0; i < analytic.size(); ++i)
    if (!same(analytic[i], expected[i])) return false;
  return true;
}

namespace {

Finding not_a_number(const Case& c) {
  const auto bad = std::count_if(c.analytic.begin(), c.analytic.end(),
                                 [](double a) { return !std::isfinite(a); });
  if (bad == 0) return {};
  return fmt::format(
      "{} of {} entries are NaN or infinite: the memory of dx is not written in full "
      "(the check fills it with NaN), or the formula divides by zero",
      bad, c.size());
}

Finding does_not_matter(const Case& c) {
  if (c.largest > 1e-10) return {};
  return "the output does not depend on this input, yet its gradient is not zero: it holds "
         "something else's values";
}

Finding zero(const Case& c) {
  if (std::any_of(c.analytic.begin(), c.analytic.end(), [](double a) { return a != 0; })) return {};
  return "the gradient is zero everywhere: its contribution is dropped, or something detaches the "
         "input from the graph";
}

// "index 0 to 3 on axis 1 (of 5)" for each axis with indices at which nothing is wrong.
std::string places_of_wrong_elements(const Case& c) {
  std::vector<std::string> places;
  for (int axis = 0; axis < c.shape.rank(); ++axis) {
    std::set<Index> found;
    for (Index n = 0; n < c.size(); ++n)
      if (c.wrong[static_cast<std::size_t>(n)]) found.insert(c.coordinate(n, axis));
    const auto count = static_cast<Index>(found.size());
    if (count == 0 || count == c.shape[axis]) continue;
    places.push_back(indices_on_axis(found, axis, c.shape[axis]));
  }
  return fmt::format("{}", fmt::join(places, " and "));
}

std::string some_are_wrong(const Case& c, const std::string& how) {
  const std::string places = places_of_wrong_elements(c);
  return fmt::format("only {} of {} elements are wrong{}{}; {}", c.wrong_count, c.size(),
                     places.empty() ? "" : ", all with ", places, how);
}

// Some elements are right, and the others are wrong in the same way.
Finding some_elements(const Case& c) {
  if (c.wrong_count == c.size()) return {};
  const auto is_wrong = [&](std::size_t n) { return bool(c.wrong[n]); };
  const auto all_wrong = [&](auto condition) {
    for (std::size_t n = 0; n < c.wrong.size(); ++n)
      if (is_wrong(n) && !condition(n)) return false;
    return true;
  };
  if (all_wrong([&](std::size_t n) { return c.analytic[n] == 0; }))
    return some_are_wrong(c, "there it is zero: a contribution is dropped");
  if (all_wrong([&](std::size_t n) { return std::abs(c.numeric[n]) < 1e-5 * c.largest; }))
    return some_are_wrong(c, "there it should be zero");
  const auto k = common_factor(c, is_wrong);
  if (!k) return {};
  return some_are_wrong(c, std::abs(*k + 1) < 1e-4
                               ? "there the sign is wrong"
                               : fmt::format("there it is off by the factor {:.6g}", *k));
}

// Some elements are right, and the others have nothing in common but their places.
Finding peculiar_elements(const Case& c) {
  if (c.wrong_count == c.size()) return {};
  const bool most = 2 * c.wrong_count > c.size();
  if (most && (c.elementwise || places_of_wrong_elements(c).empty())) return {};
  return some_are_wrong(c, c.elementwise ? "the op works element by element: is a mask or a "
                                           "condition another one?"
                                         : "look at what is special there: a border, repeated "
                                           "indices (= for +=?), a window, one gate");
}

Finding another_function(const Case& c) {
  if (!c.elementwise) return {};
  return "the op works element by element, and the error changes from element to element: the "
         "derivative is another function's, or is taken at another value (the output saved for the "
         "input, or the other way round?)";
}

std::string no_pattern(const Case& c) {
  double low = INFINITY, high = -INFINITY;
  for (std::size_t i = 0; i < c.numeric.size(); ++i) {
    if (std::abs(c.numeric[i]) < 1e-3 * c.largest) continue;
    low = std::min(low, c.analytic[i] / c.numeric[i]);
    high = std::max(high, c.analytic[i] / c.numeric[i]);
  }
  return fmt::format(
      "no simple pattern: analytic / numeric goes from {:.3g} to {:.3g}; a wrong saved "
      "value, a sum over the wrong axis, or a term that is missing?",
      low, high);
}

}  // namespace
}  // namespace diagnosis

std::string diagnose(const GradientEvidence& evidence) {
  using namespace diagnosis;
  const Case c(evidence);
  // The more specific before the more general.
  for (const auto& pattern :
       {not_a_number, does_not_matter, zero, factor, transposition, reversal, blocks, shift,
        unchanged, accumulation, permutation, missing_mean, missing_product, factor_along_an_axis,
        some_elements, of_another_output, peculiar_elements, another_function})
    if (Finding finding = pattern(c)) return *finding;
  return no_pattern(c);
}

std::string diagnose_directions(const GradientEvidence& evidence) {
  using namespace diagnosis;
  const Case c(evidence);
  for (const auto& pattern : {not_a_number, does_not_matter, zero, factor})
    if (Finding finding = pattern(c)) return *finding;
  return "some of the elements are wrong, or all by different factors";
}

std::string indices_on_axis(const std::set<Index>& indices, int axis, Index extent) {
  const auto count = static_cast<Index>(indices.size());
  const Index low = *indices.begin(), high = *indices.rbegin();
  const bool is_range = count > 1 && (high - low + 1 == count || count > 6);
  const std::string which =
      is_range ? fmt::format("{} to {}", low, high) : fmt::format("{}", fmt::join(indices, ", "));
  return fmt::format("index {} on axis {} (of {})", which, axis, extent);
}

}  // namespace xgrad
