#include <xgrad/ops/argument_samples.hpp>

#include "reference.hpp"

namespace reference {
namespace {

using namespace xgrad::samples;

using Indices = std::vector<Index>;

Indices unravel(Index flat, const Shape& shape) {
  Indices index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0; flat /= shape.begin()[axis])
    index[axis] = flat % shape.begin()[axis];
  return index;
}

Index ravel(const Indices& index, const Shape& shape) {
  Index flat = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    flat = flat * shape.begin()[axis] + index[axis];
  return flat;
}

Tensor<double> same_elements(const Tensor<double>& x, const Shape& shape) {
  return Tensor<double>::from(x.values(), shape);
}

Tensor<double> reshape(const Sample& sample) {
  Shape shape = std::any_cast<ReshapeArguments>(sample.options).shape;
  Index known = 1;
  for (const Index extent : shape) known *= extent == -1 ? 1 : extent;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis] == -1) shape = shape.with(axis, sample.inputs[0].size() / known);
  return same_elements(sample.inputs[0], shape);
}

Tensor<double> flatten(const Sample& sample) {
  const Shape& shape = sample.inputs[0].shape();
  int start = std::any_cast<FlattenArguments>(sample.options).start_axis;
  if (start < 0) start += shape.rank();
  Indices extents(shape.begin(), shape.begin() + start);
  Index merged = 1;
  for (int axis = start; axis < shape.rank(); ++axis) merged *= shape[axis];
  extents.push_back(merged);
  return same_elements(sample.inputs[0], Shape(std::span<const Index>(extents)));
}

Tensor<double> permute(const Sample& sample) {
  const Tensor<double>& x = sample.inputs[0];
  auto axes = std::any_cast<PermuteArguments>(sample.options).axes;
  Indices extents;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    if (axes[k] < 0) axes[k] += x.shape().rank();
    extents.push_back(x.shape(axes[k]));
  }
  Tensor<double> y(Shape{std::span<const Index>(extents)});
  for (Index i = 0; i < y.size(); ++i) {
    const Indices to = unravel(i, y.shape());
    Indices from(to.size());
    for (std::size_t k = 0; k < axes.size(); ++k) from[static_cast<std::size_t>(axes[k])] = to[k];
    y.data()[i] = x.data()[ravel(from, x.shape())];
  }
  return y;
}

Tensor<double> concat(const Sample& sample) {
  auto xs = sample.inputs;
  if (sample.name == "used twice") xs.push_back(xs[0]);
  const int axis =
      xs[0].shape().normalize_axis(std::any_cast<ConcatArguments>(sample.options).axis);
  Index total = 0;
  for (const auto& x : xs) total += x.shape(axis);
  Tensor<double> y(xs[0].shape().with(axis, total));
  Index begin = 0;
  for (const auto& x : xs) {
    for (Index i = 0; i < x.size(); ++i) {
      Indices index = unravel(i, x.shape());
      index[static_cast<std::size_t>(axis)] += begin;
      y.data()[ravel(index, y.shape())] = x.data()[i];
    }
    begin += x.shape(axis);
  }
  return y;
}

Tensor<double> slice(const Sample& sample) {
  const Tensor<double>& x = sample.inputs[0];
  const auto [axis, begin, end, step] = std::any_cast<SliceArguments>(sample.options);
  const auto along = static_cast<std::size_t>(x.shape().normalize_axis(axis));
  const Index extent = x.shape().begin()[along];
  const Index first = begin < 0 ? begin + extent : begin, last = end < 0 ? end + extent : end;
  Index count = 0;
  for (Index i = first; i < last; i += step) ++count;
  Tensor<double> y(x.shape().with(axis, count));
  for (Index i = 0; i < y.size(); ++i) {
    Indices index = unravel(i, y.shape());
    index[along] = first + index[along] * step;
    y.data()[i] = x.data()[ravel(index, x.shape())];
  }
  return y;
}

Tensor<double> pad(const Sample& sample) {
  const Tensor<double>& x = sample.inputs[0];
  const auto& [widths, value] = std::any_cast<const PadArguments&>(sample.options);
  Indices extents(x.shape().begin(), x.shape().end());
  for (std::size_t axis = 0; axis < extents.size(); ++axis)
    extents[axis] += widths[axis].before + widths[axis].after;
  Tensor<double> y = Tensor<double>::full(Shape(std::span<const Index>(extents)), value);
  for (Index i = 0; i < x.size(); ++i) {
    Indices index = unravel(i, x.shape());
    for (std::size_t axis = 0; axis < index.size(); ++axis) index[axis] += widths[axis].before;
    y.data()[ravel(index, y.shape())] = x.data()[i];
  }
  return y;
}

}  // namespace

Table shape() {
  return {{"reshape", reshape}, {"flatten", flatten}, {"permute", permute},
          {"concat", concat},   {"slice", slice},     {"pad", pad}};
}

}  // namespace reference
