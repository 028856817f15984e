#include <xgrad/autograd/grad_diagnosis_patterns.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xgrad::diagnosis {
namespace {

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

}  // namespace

Finding transposition(const Case& c) {
  for (int i = 0; i < c.shape.rank(); ++i)
    for (int j = i + 1; j < c.shape.rank(); ++j)
      if (c.all_same(transposed(c, i, j)))
        return fmt::format("the values are right but transposed: axes {} and {} are exchanged", i,
                           j);
  return {};
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

// Shifted by one along an axis, or along two that follow each other; what comes in from the edge
// may be anything.
Finding shift(const Case& c) {
  const auto fits = [&](int axis, Index by, Index by_next) {
    bool explains = false;
    for (Index n = 0; n < c.size(); ++n) {
      const Index from = c.coordinate(n, axis) - by;
      const Index from_next = by_next == 0 ? 0 : c.coordinate(n, axis + 1) - by_next;
      if (from < 0 || from >= c.shape[axis]) continue;
      if (by_next != 0 && (from_next < 0 || from_next >= c.shape[axis + 1])) continue;
      const Index source =
          n - by * c.stride(axis) - (by_next == 0 ? 0 : by_next * c.stride(axis + 1));
      const auto to = static_cast<std::size_t>(n);
      if (!c.same(c.analytic[to], c.numeric[static_cast<std::size_t>(source)])) return false;
      explains = explains || c.wrong[to];
    }
    return explains;
  };
  for (int axis = 0; axis < c.shape.rank(); ++axis) {
    if (c.shape[axis] < 3) continue;
    const bool next = axis + 1 < c.shape.rank() && c.shape[axis + 1] > 2;
    for (const Index by : {1, -1})
      for (const Index by_next : {0, 1, -1})
        if ((by_next == 0 || next) && fits(axis, by, by_next))
          return fmt::format(
              "the values are right but shifted by {:+d} along axis {}{}: a window or an offset is "
              "off by one",
              by, axis,
              by_next == 0 ? "" : fmt::format(" and by {:+d} along axis {}", by_next, axis + 1));
  }
  return {};
}

// Blocks of an axis in another order, as of the gates of a recurrent cell or the groups of a
// convolution.
Finding blocks(const Case& c) {
  for (int axis = 0; axis < c.shape.rank(); ++axis)
    for (const Index count : {2, 3, 4}) {
      if (c.shape[axis] % count != 0 || c.shape[axis] == count) continue;
      const Index length = c.shape[axis] / count;
      const auto is_copy_of = [&](Index block, Index other) {
        for (Index n = 0; n < c.size(); ++n) {
          if (c.coordinate(n, axis) / length != block) continue;
          const Index from = n + (other - block) * length * c.stride(axis);
          if (!c.same(c.analytic[static_cast<std::size_t>(n)],
                      c.numeric[static_cast<std::size_t>(from)]))
            return false;
        }
        return true;
      };
      std::vector<Index> order;
      for (Index block = 0; block < count; ++block)
        for (Index other = 0; other < count; ++other)
          if (is_copy_of(block, other)) {
            order.push_back(other);
            break;
          }
      if (static_cast<Index>(order.size()) == count && !std::is_sorted(order.begin(), order.end()))
        return fmt::format(
            "the {} blocks of axis {} stand in the order {}: gates or groups in another order?",
            count, axis, fmt::join(order, ", "));
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

// The op's derivative was left out.
Finding unchanged(const Case& c) {
  if (c.output_shape != c.shape || c.cotangent.empty() || !c.all_same(c.cotangent)) return {};
  return "the gradient is that of the output, unchanged: the derivative of the op is left out";
}

// Each entry is the gradient of some output, or zero, as where elements are only moved.
Finding of_another_output(const Case& c) {
  if (c.elementwise) return {};
  Values known = c.cotangent;
  known.push_back(0);
  std::sort(known.begin(), known.end());
  const auto is_known = [&](double value) {
    const auto next = std::lower_bound(known.begin(), known.end(), value);
    return (next != known.end() && c.same(value, *next)) ||
           (next != known.begin() && c.same(value, *(next - 1)));
  };
  if (!std::all_of(c.analytic.begin(), c.analytic.end(), is_known) ||
      !std::all_of(c.numeric.begin(), c.numeric.end(), is_known))
    return {};
  return "each entry is the gradient of an output, but of a wrong one: an offset, a step or an "
         "order "
         "of axes is wrong";
}

}  // namespace xgrad::diagnosis
