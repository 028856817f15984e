#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

Vars gradients(const Function& f, const Vars& in, const Var& dy) {
  Vars leaves;
  for (const Var& x : in) leaves.push_back(x.defined() ? Var(x.value(), true) : Var());
  f(leaves).backward(dy.value());
  Vars result;
  for (const Var& leaf : leaves) {
    if (!leaf.defined())
      result.emplace_back();
    else
      result.push_back(leaf.grad().defined() ? Var(leaf.grad()) : zeros_like(leaf));
  }
  return result;
}

Vars BackwardCall::backward(const Vars& inputs, const Var& cotangent) const {
  return gradients([this](const Vars& leaves) { return sample.apply64(leaves); }, inputs,
                   cotangent);
}

Var with_backward_of(const Var& path, const Var& value) { return path + (value - path).detach(); }

Var at(const Var& x, int axis, Index i) { return slice(x, axis, i, i + 1); }

Var without(const Var& x, int axis, Index i) {
  Tensor<double> mask = Tensor<double>::full(Shape{x.shape(axis)}, 1);
  mask.slice(i, i + 1).fill(0);
  std::vector<Index> extents(x.shape().size(), 1);
  extents[static_cast<std::size_t>(x.shape().normalize_axis(axis))] = x.shape(axis);
  return x * Var(mask.reshape(Shape(std::span<const Index>(extents))));
}

Var only(const Var& x, int axis, Index i) { return x - without(x, axis, i); }

Var rolled(const Var& x, int axis, Index by) {
  const Index n = x.shape(axis), cut = ((n - by) % n + n) % n;
  return concat({slice(x, axis, cut, n), slice(x, axis, 0, cut)}, axis);
}

Var flipped(const Var& x, int axis) {
  Vars parts;
  for (Index i = x.shape(axis); i-- > 0;) parts.push_back(at(x, axis, i));
  return concat(parts, axis);
}

Var blocks(const Var& x, const std::vector<Index>& order) {
  const Index extent = x.shape(0) / static_cast<Index>(order.size());
  Vars parts;
  for (const Index i : order) parts.push_back(slice(x, 0, i * extent, (i + 1) * extent));
  return concat(parts, 0);
}

Var transposed(const Var& x) {
  return permute(reshape(x, {x.shape(-1), x.size() / x.shape(-1)}), {1, 0});
}

Var zeros_like(const Var& x) { return Tensor<double>(x.shape()); }

Var overwritten(const BackwardCall& b, std::size_t input, int output_axis) {
  Tensor<double> result(b.in[input].shape());
  for (Index i = 0; i < b.dy.shape(output_axis); ++i) {
    const Var part = b.backward(input, only(b.dy, output_axis, i));
    for (Index k = 0; k < result.size(); ++k)
      if (part.value().data()[k] != 0) result.data()[k] = part.value().data()[k];
  }
  return result;
}

}  // namespace planted
