#include <algorithm>

#include <xgrad/ops/argument_samples.hpp>

#include "reference.hpp"

namespace reference {
namespace {

// Every element of x joins the group of its indices along the axes that stay; y = f(group).
template <double (*f)(const std::vector<double>&)>
Tensor<double> reduce(const Sample& sample) {
  const auto [axes, keepdims] = std::any_cast<xgrad::samples::ReduceArguments>(sample.options);
  const Tensor<double>& x = sample.inputs[0];
  std::vector<bool> reduced(x.shape().size(), axes.empty());
  for (const int axis : axes)
    reduced[static_cast<std::size_t>(axis < 0 ? axis + x.shape().rank() : axis)] = true;
  std::vector<Index> extents;
  Index count = 1;
  for (std::size_t axis = 0; axis < reduced.size(); ++axis) {
    if (!reduced[axis])
      extents.push_back(x.shape().begin()[axis]);
    else if (keepdims)
      extents.push_back(1);
    if (!reduced[axis]) count *= x.shape().begin()[axis];
  }
  std::vector<std::vector<double>> groups(static_cast<std::size_t>(count));
  for (Index i = 0; i < x.size(); ++i) {
    Index rest = i, group = 0, weight = 1;
    for (std::size_t axis = reduced.size(); axis-- > 0;) {
      const Index extent = x.shape().begin()[axis];
      if (!reduced[axis]) {
        group += rest % extent * weight;
        weight *= extent;
      }
      rest /= extent;
    }
    groups[static_cast<std::size_t>(group)].push_back(x.data()[i]);
  }
  Tensor<double> y(Shape{std::span<const Index>(extents)});
  for (Index i = 0; i < count; ++i) y.data()[i] = f(groups[static_cast<std::size_t>(i)]);
  return y;
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}
double mean(const std::vector<double>& values) {
  return sum(values) / static_cast<double>(values.size());
}
double max(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

}  // namespace

Table reduce() { return {{"sum", reduce<sum>}, {"mean", reduce<mean>}, {"max", reduce<max>}}; }

}  // namespace reference
