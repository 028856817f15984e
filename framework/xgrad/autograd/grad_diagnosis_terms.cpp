#include <xgrad/autograd/grad_diagnosis_patterns.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>

namespace xgrad::diagnosis {

namespace {

// Which coordinates of an output count.
using Chosen = std::function<bool(const std::vector<Index>& at)>;

// The part of the numeric gradient that comes through the chosen outputs.
Values contribution(const Case& c, const Chosen& chosen) {
  Values sum(c.numeric.size(), 0);
  std::vector<Index> at(c.output_shape.size());
  for (Index o = 0; o < c.output_shape.elements(); ++o) {
    Index rest = o;
    for (int axis = c.output_shape.rank(); axis-- > 0; rest /= c.output_shape[axis])
      at[static_cast<std::size_t>(axis)] = rest % c.output_shape[axis];
    if (!chosen(at)) continue;
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += c.jacobian[static_cast<std::size_t>(o) * sum.size() + i];
  }
  return sum;
}

// The first or the last index on several axes at once.
Finding one_corner(const Case& c) {
  const int rank = c.output_shape.rank();
  for (unsigned axes = 1; axes < 1U << rank; ++axes)
    for (const bool last : {false, true}) {
      std::vector<int> named;
      for (int axis = 0; axis < rank; ++axis)
        if ((axes >> axis & 1U) != 0 && c.output_shape[axis] > 1) named.push_back(axis);
      if (named.size() < 2) continue;
      const auto chosen = [&](const std::vector<Index>& at) {
        return std::all_of(named.begin(), named.end(), [&](int axis) {
          return at[static_cast<std::size_t>(axis)] == (last ? c.output_shape[axis] - 1 : 0);
        });
      };
      if (c.all_same(contribution(c, chosen)))
        return fmt::format(
            "only the part through the outputs with the {} index on the axes {} is there: the "
            "others are not accumulated (= for +=?)",
            last ? "last" : "first", fmt::join(named, ", "));
    }
  return {};
}

}  // namespace

// A sum over the outputs from which one coordinate is missing, or of which it is all there is.
Finding accumulation(const Case& c) {
  if (c.jacobian.empty()) return {};
  for (int axis = 0; axis < c.output_shape.rank(); ++axis) {
    const Index extent = c.output_shape[axis];
    if (extent < 2) continue;
    Values running(c.numeric.size(), 0);
    for (Index index = 0; index < extent; ++index) {
      const Values part = contribution(c, [&](const std::vector<Index>& at) {
        return at[static_cast<std::size_t>(axis)] == index;
      });
      Values rest(part.size());
      for (std::size_t i = 0; i < part.size(); ++i) rest[i] = c.numeric[i] - part[i];
      if (c.all_same(part))
        return fmt::format(
            "only the part through the outputs with index {} on axis {} is there: the others are "
            "not accumulated (= for +=?)",
            index, axis);
      if (c.all_same(rest))
        return fmt::format(
            "the part through the outputs with index {} on axis {} is missing: an accumulation "
            "stops short, or starts late",
            index, axis);
      for (std::size_t i = 0; i < part.size(); ++i) running[i] += part[i];
      if (index + 1 < extent && c.all_same(running))
        return fmt::format(
            "only the parts through the outputs with index 0 to {} on axis {} are there: the "
            "others are not accumulated",
            index, axis);
    }
  }
  return one_corner(c);
}

namespace {

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
    const double error = c.error(n);
    double& expected = first[static_cast<std::size_t>(key)];
    if (std::isnan(expected))
      expected = error;
    else if (shared = true; !c.same(error, expected))
      return false;
  }
  return shared;
}

}  // namespace

Finding missing_mean(const Case& c) {
  const int last = c.shape.rank() - 1;
  // A mean is seldom zero: the error is in all elements.
  if (last < 0 || c.wrong_count < c.size()) return {};
  if (constant_error(c, [](int) { return false; }))
    return "off by the same amount everywhere: a mean or a sum over all elements is missing, or is "
           "not wanted";
  if (constant_error(c, [&](int axis) { return axis == last; }))
    return "off by the same amount in all rows of a column: a mean over the batch is missing, or "
           "is not wanted (the mean path of batch norm?)";
  if (constant_error(c, [&](int axis) { return axis != last; }))
    return "off by the same amount along each row: a sum over the last axis is missing, or is not "
           "wanted (that of softmax?)";
  return {};
}

namespace {

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

}  // namespace

Finding missing_product(const Case& c) {
  if (affine_error(c, c.value, true))
    return "the error grows with the input, column by column: a term like xhat * mean(dy * xhat) "
           "over the batch is missing or wrong (the variance path of batch norm?)";
  if (affine_error(c, c.output, false))
    return "the error is proportional to the output along each row: a term like y * sum(dy * y) is "
           "missing or wrong";
  return {};
}

}  // namespace xgrad::diagnosis
