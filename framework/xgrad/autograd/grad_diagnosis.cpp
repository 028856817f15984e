#include <xgrad/autograd/grad_diagnosis.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace xgrad {
namespace {

using Values = std::vector<double>;
using Finding = std::optional<std::string>;

// The evidence, with what all patterns ask for.
struct Case : GradientEvidence {
  double largest = 0;            // |numeric|
  std::vector<Index> strides{};  // of the input
  std::vector<bool> wrong{};
  Index wrong_count = 0;

  explicit Case(const GradientEvidence& e) : GradientEvidence(e), strides(e.shape.size(), 1) {
    for (int axis = shape.rank() - 2; axis >= 0; --axis)
      strides[static_cast<std::size_t>(axis)] =
          strides[static_cast<std::size_t>(axis) + 1] * shape[axis + 1];
    for (const double n : numeric) largest = std::max(largest, std::abs(n));
    for (std::size_t i = 0; i < numeric.size(); ++i) {
      wrong.push_back(!same(analytic[i], numeric[i]));
      wrong_count += wrong.back() ? 1 : 0;
    }
  }

  Index size() const { return static_cast<Index>(numeric.size()); }
  Index stride(int axis) const { return strides[static_cast<std::size_t>(axis)]; }
  Index coordinate(Index element, int axis) const { return element / stride(axis) % shape[axis]; }

  // Equal but for what finite differences cannot tell.
  bool same(double a, double b) const {
    return std::abs(a - b) <= 1e-5 * std::max(largest, 1e-30) + 1e-4 * std::abs(b);
  }
  bool all_same(const Values& expected) const {
    for (std::size_t i = 0; i < analytic.size(); ++i)
      if (!same(analytic[i], expected[i])) return false;
    return true;
  }
};

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
         "something "
         "else's values";
}

Finding zero(const Case& c) {
  if (std::any_of(c.analytic.begin(), c.analytic.end(), [](double a) { return a != 0; })) return {};
  return "the gradient is zero everywhere: its contribution is dropped, or something detaches the "
         "input from the graph";
}

// analytic = k * numeric, over the elements for which `use` holds.
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

// What a factor usually is: an extent of the input or of the output, or a product of some.
std::string origin_of_factor(const Case& c, double k) {
  const auto is = [](double a, double b) { return std::abs(a - b) <= 1e-5 * std::abs(b); };
  const auto sizes_of = [&](const Shape& shape, const char* whose) -> std::string {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const auto extent = static_cast<double>(shape[axis]);
      if (extent > 1 && is(k, extent))
        return fmt::format(", the extent of the {}'s axis {}: a sum that should be a mean?", whose,
                           axis);
      if (extent > 1 && is(k, 1 / extent))
        return fmt::format(
            ", one over the extent of the {}'s axis {}: a mean that should be a sum?", whose, axis);
    }
    const auto all = static_cast<double>(shape.elements());
    if (all > 1 && is(k, all))
      return fmt::format(", the number of the {}'s elements: a sum that should be a mean?", whose);
    if (all > 1 && is(k, 1 / all))
      return fmt::format(", one over the number of the {}'s elements: a mean that should be a sum?",
                         whose);
    return "";
  };
  if (is(k, 2)) return ": counted twice?";
  if (is(k, 0.5)) return ": the 2 of a derived square, or one of two uses, is missing?";
  const std::string input = sizes_of(c.shape, "input");
  return input.empty() ? sizes_of(c.output_shape, "output") : input;
}

Finding factor(const Case& c) {
  const auto k = common_factor(c, [](std::size_t) { return true; });
  if (!k || *k == 0) return {};
  if (std::abs(*k + 1) < 1e-4) return "the sign is wrong: the gradient is minus what it should be";
  return fmt::format("off by the factor {:.6g} everywhere{}", *k, origin_of_factor(c, *k));
}

// The input's elements in the order in which they stand once axes i and j have changed places.
Values transposed(const Case& c, int i, int j) {
  std::vector<Index> extents(c.shape.begin(), c.shape.end()), strides = c.strides;
  std::swap(extents[static_cast<std::size_t>(i)], extents[static_cast<std::size_t>(j)]);
  std::swap(strides[static_cast<std::size_t>(i)], strides[static_cast<std::size_t>(j)]);
  Values result;
  for (Index n = 0; n < c.size(); ++n) {
    Index rest = n, from = 0;
    for (std::size_t axis = extents.size(); axis-- > 0; rest /= extents[axis])
      from += rest % extents[axis] * strides[axis];
    result.push_back(c.numeric[static_cast<std::size_t>(from)]);
  }
  return result;
}

Finding transposition(const Case& c) {
  for (int i = 0; i < c.shape.rank(); ++i)
    for (int j = i + 1; j < c.shape.rank(); ++j)
      if (c.all_same(transposed(c, i, j)))
        return fmt::format("the values are right but transposed: axes {} and {} are exchanged", i,
                           j);
  return {};
}

// The numeric gradient with every coordinate changed by `map(element)`, which gives the element to
// read from, or -1 for none.
template <class Map>
Values moved(const Case& c, Map map) {
  Values result;
  for (Index n = 0; n < c.size(); ++n) {
    const Index from = map(n);
    result.push_back(from < 0 ? 0 : c.numeric[static_cast<std::size_t>(from)]);
  }
  return result;
}

Finding reversal(const Case& c) {
  for (int axis = 0; axis < c.shape.rank(); ++axis) {
    const auto mirrored = [&](Index n, int along) {
      return n + (c.shape[along] - 1 - 2 * c.coordinate(n, along)) * c.stride(along);
    };
    if (c.all_same(moved(c, [&](Index n) { return mirrored(n, axis); })))
      return fmt::format(
          "the values are right but reversed along axis {}: a filter that is flipped, or "
          "should be?",
          axis);
    if (axis + 1 < c.shape.rank() &&
        c.all_same(moved(c, [&](Index n) { return mirrored(mirrored(n, axis), axis + 1); })))
      return fmt::format(
          "the values are right but reversed along axes {} and {}: a filter that is "
          "flipped, or should be?",
          axis, axis + 1);
  }
  return {};
}

// Shifted by one; what comes in from the edge may be anything.
Finding shift(const Case& c) {
  for (int axis = 0; axis < c.shape.rank(); ++axis)
    for (const Index by : {1, -1}) {
      bool fits = c.shape[axis] > 2;
      for (Index n = 0; n < c.size() && fits; ++n) {
        const Index from = c.coordinate(n, axis) - by;
        if (from < 0 || from >= c.shape[axis]) continue;
        fits = c.same(c.analytic[static_cast<std::size_t>(n)],
                      c.numeric[static_cast<std::size_t>(n - by * c.stride(axis))]);
      }
      if (fits)
        return fmt::format(
            "the values are right but shifted by {:+d} along axis {}: a window or an "
            "offset is off by one",
            by, axis);
    }
  return {};
}

// Blocks of the leading axis in another order, as of the gates of a recurrent cell.
Finding blocks(const Case& c) {
  if (c.shape.rank() == 0) return {};
  for (const Index count : {2, 3, 4}) {
    if (c.shape[0] % count != 0 || c.shape[0] == count) continue;
    const Index length = c.size() / count;
    std::string order;
    bool fits = true, sorted = true;
    for (Index block = 0; block < count && fits; ++block) {
      fits = false;
      for (Index other = 0; other < count && !fits; ++other) {
        fits = true;
        for (Index i = 0; i < length && fits; ++i)
          fits = c.same(c.analytic[static_cast<std::size_t>(block * length + i)],
                        c.numeric[static_cast<std::size_t>(other * length + i)]);
        if (fits) {
          order += fmt::format("{}{}", order.empty() ? "" : ", ", other);
          sorted = sorted && other == block;
        }
      }
    }
    if (fits && !sorted)
      return fmt::format("the {} blocks of axis 0 stand in the order {}: gates in another order?",
                         count, order);
  }
  return {};
}

Finding permutation(const Case& c) {
  Values a = c.analytic, n = c.numeric;
  std::sort(a.begin(), a.end());
  std::sort(n.begin(), n.end());
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!c.same(a[i], n[i])) return {};
  return "the right values stand at wrong places: an index, or the order of axes, is wrong";
}

// The part of the numeric gradient that comes through the outputs with coordinate `at` on `axis`.
Values contribution(const Case& c, int axis, Index at) {
  Index stride = 1;
  for (int later = axis + 1; later < c.output_shape.rank(); ++later)
    stride *= c.output_shape[later];
  Values sum(c.numeric.size(), 0);
  for (Index o = 0; o < c.output_shape.elements(); ++o) {
    if (o / stride % c.output_shape[axis] != at) continue;
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += c.jacobian[static_cast<std::size_t>(o) * sum.size() + i];
  }
  return sum;
}

// A sum over the outputs from which one coordinate is missing, or of which it is all there is.
Finding accumulation(const Case& c) {
  if (c.jacobian.empty()) return {};
  for (int axis = 0; axis < c.output_shape.rank(); ++axis) {
    const Index extent = c.output_shape[axis];
    if (extent < 2) continue;
    Values running(c.numeric.size(), 0);
    for (Index at = 0; at < extent; ++at) {
      const Values part = contribution(c, axis, at);
      Values rest(part.size());
      for (std::size_t i = 0; i < part.size(); ++i) rest[i] = c.numeric[i] - part[i];
      if (c.all_same(part))
        return fmt::format(
            "only the part through the outputs with index {} on axis {} is there: the "
            "others are not accumulated (= for +=?)",
            at, axis);
      if (c.all_same(rest))
        return fmt::format(
            "the part through the outputs with index {} on axis {} is missing: an "
            "accumulation stops short, or starts late",
            at, axis);
      for (std::size_t i = 0; i < part.size(); ++i) running[i] += part[i];
      if (at + 1 < extent && c.all_same(running))
        return fmt::format(
            "only the parts through the outputs with index 0 to {} on axis {} are there: "
            "the others are not accumulated",
            at, axis);
    }
  }
  return {};
}

// analytic - numeric is the same number for all elements that agree in the coordinates on the axes
// for which `group(axis)` holds.
template <class Group>
bool constant_error(const Case& c, Group group) {
  std::vector<double> first(c.numeric.size(), NAN);
  bool shared = false;
  for (Index n = 0; n < c.size(); ++n) {
    Index key = 0;
    for (int axis = 0; axis < c.shape.rank(); ++axis)
      if (group(axis)) key += c.coordinate(n, axis) * c.stride(axis);
    const double error =
        c.analytic[static_cast<std::size_t>(n)] - c.numeric[static_cast<std::size_t>(n)];
    double& expected = first[static_cast<std::size_t>(key)];
    if (std::isnan(expected))
      expected = error;
    else if (shared = true; !c.same(error, expected))
      return false;
  }
  return shared;
}

Finding missing_mean(const Case& c) {
  const int last = c.shape.rank() - 1;
  if (last < 0) return {};
  if (constant_error(c, [](int) { return false; }))
    return "off by the same amount everywhere: a mean or a sum over all elements is missing, or is "
           "not "
           "wanted";
  if (constant_error(c, [&](int axis) { return axis == last; }))
    return "off by the same amount in all rows of a column: a mean over the batch is missing, or "
           "is not "
           "wanted (the mean path of batch norm?)";
  if (constant_error(c, [&](int axis) { return axis != last; }))
    return "off by the same amount along each row: a sum over the last axis is missing, or is not "
           "wanted "
           "(that of softmax?)";
  return {};
}

// In each line along the axes other than `axis` (or in each line along it), the error is an affine
// function of `by`, the values of the input or of the output.
bool affine_error(const Case& c, const Values& by, bool columns) {
  const Index width = c.shape.rank() == 0 ? 1 : c.shape[-1],
              rows = c.size() / std::max<Index>(width, 1);
  if (by.size() != c.numeric.size() || (columns ? rows : width) < 4) return false;
  for (Index line = 0; line < (columns ? width : rows); ++line) {
    const Index n = columns ? rows : width;
    const auto at = [&](Index i) {
      return static_cast<std::size_t>(columns ? i * width + line : line * width + i);
    };
    double x = 0, y = 0, xx = 0, xy = 0;
    for (Index i = 0; i < n; ++i) {
      const double u = by[at(i)], v = c.analytic[at(i)] - c.numeric[at(i)];
      x += u, y += v, xx += u * u, xy += u * v;
    }
    const auto count = static_cast<double>(n);
    const double slope = (count * xy - x * y) / (count * xx - x * x);
    const double offset = (y - slope * x) / count;
    for (Index i = 0; i < n; ++i)
      if (!c.same(c.analytic[at(i)] - c.numeric[at(i)], slope * by[at(i)] + offset)) return false;
  }
  return true;
}

Finding missing_product(const Case& c) {
  if (affine_error(c, c.value, true))
    return "the error grows with the input, column by column: a term like xhat * mean(dy * xhat) "
           "over the "
           "batch is missing or wrong (the variance path of batch norm?)";
  if (affine_error(c, c.output, false))
    return "the error is proportional to the output along each row: a term like y * sum(dy * y) is "
           "missing "
           "or wrong";
  return {};
}

// Most elements are right: where are those that are not?
Finding some_elements(const Case& c) {
  if (c.wrong_count == c.size()) return {};
  std::string where;
  for (int axis = 0; axis < c.shape.rank(); ++axis) {
    Index low = c.shape[axis], high = -1;
    for (Index n = 0; n < c.size(); ++n) {
      if (!c.wrong[static_cast<std::size_t>(n)]) continue;
      low = std::min(low, c.coordinate(n, axis));
      high = std::max(high, c.coordinate(n, axis));
    }
    if (low == 0 && high == c.shape[axis] - 1) continue;
    where += fmt::format("{} index {} on axis {} (of {})", where.empty() ? ", all with" : " and",
                         low == high ? fmt::format("{}", low) : fmt::format("{} to {}", low, high),
                         axis, c.shape[axis]);
  }
  std::string how;
  const auto is_wrong = [&](std::size_t i) { return bool(c.wrong[i]); };
  const auto all_zero = [&] {
    for (std::size_t i = 0; i < c.analytic.size(); ++i)
      if (is_wrong(i) && c.analytic[i] != 0) return false;
    return true;
  };
  if (all_zero()) {
    how = "there it is zero: a contribution is dropped";
  } else if (const auto k = common_factor(c, is_wrong)) {
    how = std::abs(*k + 1) < 1e-4 ? "there the sign is wrong"
                                  : fmt::format("there it is off by the factor {:.6g}", *k);
  } else if (std::all_of(c.numeric.begin(), c.numeric.end(), [&](const double& n) {
               return !is_wrong(static_cast<std::size_t>(&n - c.numeric.data())) ||
                      std::abs(n) < 1e-5 * c.largest;
             })) {
    how = "there it should be zero";
  } else {
    how =
        "look at what is special there: a border, repeated indices (= for +=?), a window, one gate";
  }
  return fmt::format("only {} of {} elements are wrong{}; {}", c.wrong_count, c.size(), where, how);
}

// Each output depends on one element, its own: then the ratio tells of a wrong derivative.
Finding elementwise(const Case& c) {
  if (c.jacobian.empty() || c.output_shape != c.shape) return {};
  for (Index o = 0; o < c.size(); ++o)
    for (Index i = 0; i < c.size(); ++i)
      if (o != i &&
          std::abs(c.jacobian[static_cast<std::size_t>(o * c.size() + i)]) > 1e-9 * c.largest)
        return {};
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

std::string diagnose(const GradientEvidence& evidence) {
  const Case c(evidence);
  // The more specific before the more general.
  for (const auto& pattern :
       {not_a_number, does_not_matter, zero, factor, transposition, reversal, blocks, shift,
        accumulation, permutation, missing_mean, missing_product, some_elements, elementwise})
    if (Finding finding = pattern(c)) return *finding;
  return no_pattern(c);
}

}  // namespace xgrad
