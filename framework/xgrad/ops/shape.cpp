#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/arithmetic.hpp>
#include <xgrad/kernels/copy.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/shape.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xgrad {
namespace {

using kernels::Strides;
using kernels::strides_of;

// `axis` counted from the front.
int checked_axis(const OpInfo& op, int axis, const Shape& x) {
  if (axis < -x.rank() || axis >= x.rank())
    throw ShapeError(fmt::format("{}: axis {} is outside x of shape {}: use {} to {}", op.name,
                                 axis, x.to_string(), -x.rank(), x.rank() - 1));
  return axis < 0 ? axis + x.rank() : axis;
}

// The result of an op that shares x's memory; the gradient shares dy's.
template <class T>
Variable<T> reshaped(const OpInfo& op, const Variable<T>& x, const Shape& shape) {
  return record(op, {x}, x.value().reshape(shape),
                [before = x.shape()](Backward<T>& b) { b.set_dx(0, b.dy().reshape(before)); });
}

template <class T>
void copy_permuted(const Tensor<T>& x, const Axes& axes, Tensor<T>& y) {
  const Strides own = strides_of(x.shape());
  Strides permuted{};
  for (std::size_t i = 0; i < axes.size(); ++i)
    permuted[i] = own[static_cast<std::size_t>(axes[i])];
  kernels::copy_strided(y.shape(), x.data(), permuted, y.data(), strides_of(y.shape()));
}

// A box inside a tensor: its first element and its strides.
struct Box {
  Index offset = 0;
  Strides strides{};
};

// From index `begin` of one axis on.
Box box_at(const Shape& shape, int axis, Index begin, Index step = 1) {
  Box box{.strides = strides_of(shape)};
  Index& stride = box.strides[static_cast<std::size_t>(axis)];
  box.offset = begin * stride;
  stride *= step;
  return box;
}

template <class T>
void copy_into(Tensor<T>& to, const Box& box, const Tensor<T>& x) {
  kernels::copy_strided(x.shape(), x.data(), strides_of(x.shape()), to.data() + box.offset,
                        box.strides);
}

template <class T>
void copy_out_of(const Tensor<T>& from, const Box& box, Tensor<T>& y) {
  kernels::copy_strided(y.shape(), from.data() + box.offset, box.strides, y.data(),
                        strides_of(y.shape()));
}

}  // namespace

template <class T>
Variable<T> reshape(const Variable<T>& x, const Shape& shape) {
  check_defined(reshape_op, x);
  return reshaped(reshape_op, x, shape);
}

template <class T>
Variable<T> flatten(const Variable<T>& x, int start_axis) {
  check_defined(flatten_op, x);
  const int start = checked_axis(flatten_op, start_axis, x.shape());
  Index merged = 1;
  Shape shape = x.shape();
  for (int axis = x.shape().rank() - 1; axis >= start; --axis) {
    merged *= x.shape(axis);
    shape = axis > start ? shape.without(axis) : shape.with(axis, merged);
  }
  return reshaped(flatten_op, x, shape);
}

// Axis i of y is axis axes[i] of x; dx = dy with the axes put back.
template <class T>
Variable<T> permute(const Variable<T>& x, const Axes& axes) {
  check_defined(permute_op, x);
  const int rank = x.shape().rank();
  Axes order, inverse = axes;
  Shape shape = x.shape();
  std::array<bool, Shape::max_rank> named{};
  const auto wrong = [&] {
    return ShapeError(
        fmt::format("permute: axes {{{}}} do not fit x of shape {}: name each of the {} "
                    "axes once",
                    fmt::join(axes, ", "), x.shape().to_string(), rank));
  };
  if (static_cast<int>(axes.size()) != rank) throw wrong();
  for (int i = 0; i < rank; ++i) {
    int axis = axes[static_cast<std::size_t>(i)];
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank || std::exchange(named[static_cast<std::size_t>(axis)], true))
      throw wrong();
    order.push_back(axis);
    inverse[static_cast<std::size_t>(axis)] = i;
    shape = shape.with(i, x.shape(axis));
  }
  Tensor<T> y = Tensor<T>::empty(shape);
  copy_permuted(x.value(), order, y);
  if (OpListener::tracing())
    OpTracer<T>::note(permute_op, {{"axes", order}});
  return record(permute_op, {x}, std::move(y),
                [inverse](Backward<T>& b) { copy_permuted(b.dy(), inverse, b.dx(0)); });
}

// y = the xs along `axis`; each dx is its part of dy.
template <class T>
Variable<T> concat(std::span<const Variable<T>> xs, int axis) {
  if (xs.empty()) throw ValueError("concat: the list xs is empty: give at least one variable");
  for (std::size_t i = 0; i < xs.size(); ++i)
    if (!xs[i].defined()) throw_undefined(concat_op, fmt::format("xs[{}]", i));
  const Shape first = xs[0].shape();
  const int along = checked_axis(concat_op, axis, first);
  Index total = 0;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const Shape& shape = xs[i].shape();
    if (shape.rank() != first.rank() || shape.with(along, 0) != first.with(along, 0))
      throw ShapeError(
          fmt::format("concat: xs[{}] of shape {} does not fit xs[0] of shape {} along "
                      "axis {}: all other extents must be the same",
                      i, shape.to_string(), first.to_string(), axis));
    total += shape[along];
  }
  Tensor<T> y = Tensor<T>::empty(first.with(along, total));
  Index begin = 0;
  for (const Variable<T>& x : xs) {
    copy_into(y, box_at(y.shape(), along, begin), x.value());
    begin += x.shape(along);
  }
  std::vector<Index> extents;
  for (const Variable<T>& x : xs) extents.push_back(x.shape(along));
  if (OpListener::tracing())
    OpTracer<T>::note(concat_op, {{"axis", along}});
  return record(concat_op, xs, std::move(y), [along, extents = std::move(extents)](Backward<T>& b) {
    Index start = 0;
    for (std::size_t i = 0; i < extents.size(); start += extents[i++]) {
      const int input = static_cast<int>(i);
      if (b.needs(input)) copy_out_of(b.dy(), box_at(b.dy().shape(), along, start), b.dx(input));
    }
  });
}

// y = every step-th element of an axis; dx = dy there, 0 elsewhere.
template <class T>
Variable<T> slice(const Variable<T>& x, int axis, Index begin, Index end, Index step) {
  check_defined(slice_op, x);
  const int along = checked_axis(slice_op, axis, x.shape());
  const Index extent = x.shape(along);
  const Index from = begin < 0 ? begin + extent : begin, to = end < 0 ? end + extent : end;
  if (step < 1) throw ValueError(fmt::format("slice: step {} must be at least 1", step));
  if (from < 0 || to < from || to > extent)
    throw ShapeError(
        fmt::format("slice: {}:{} is no range of axis {} of x of shape {}: choose 0 <= "
                    "begin <= end <= {}",
                    begin, end, axis, x.shape().to_string(), extent));
  step = std::min(step, extent + 1);  // any longer one takes the first element alone, too
  const Shape shape = x.shape().with(along, (to - from + step - 1) / step);
  const Box box = box_at(x.shape(), along, from, step);
  Tensor<T> y;
  if (along == 0 && step == 1) {
    y = x.value().slice(from, to);
  } else {
    y = Tensor<T>::empty(shape);
    copy_out_of(x.value(), box, y);
  }
  if (OpListener::tracing())
    OpTracer<T>::note(slice_op, {{"axis", along}, {"begin", from}, {"end", to}, {"step", step}});
  if (along == 0 && step == 1)
    return record(slice_op, {x}, std::move(y), [from, to](Backward<T>& b) {
      // In a loop over x[t], all but the first to come here cost what their rows do, and not all of
      // x.
      auto [dx, add] = b.dx_sum(0);
      if (!add) kernels::fill(dx, T(0));
      Tensor<T> rows = dx.slice(from, to);
      kernels::add(rows, b.dy(), rows);
    });
  return record(slice_op, {x}, std::move(y), [box](Backward<T>& b) {
    kernels::fill(b.dx(0), T(0));
    copy_into(b.dx(0), box, b.dy());
  });
}

// y = x inside, `value` around; dx = dy inside.
template <class T>
Variable<T> pad(const Variable<T>& x, const std::vector<PadWidth>& widths,
                std::type_identity_t<T> value) {
  check_defined(pad_op, x);
  if (static_cast<int>(widths.size()) != x.shape().rank())
    throw ShapeError(
        fmt::format("pad: {} widths for x of shape {}: give one {{before, after}} per "
                    "axis",
                    widths.size(), x.shape().to_string()));
  constexpr Index most = Index{1} << 40;  // far below what sums and sizes in bytes can hold
  Shape shape = x.shape();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto [before, after] = widths[static_cast<std::size_t>(axis)];
    if (before < 0 || after < 0)
      throw ValueError(
          fmt::format("pad: widths {{{}, {}}} of axis {} must not be negative: use slice "
                      "to cut",
                      before, after, axis));
    if (before > most || after > most)
      throw ValueError(
          fmt::format("pad: widths {{{}, {}}} of axis {} are too large: use {} at most", before,
                      after, axis, most));
    shape = shape.with(axis, before + shape[axis] + after);
  }
  if (shape.elements() > most)
    throw ShapeError(
        fmt::format("pad: x of shape {} would become {}, of more than {} elements: use "
                    "smaller widths",
                    x.shape().to_string(), shape.to_string(), most));
  Box box{.strides = strides_of(shape)};
  for (std::size_t i = 0; i < widths.size(); ++i) box.offset += widths[i].before * box.strides[i];
  Tensor<T> y = Tensor<T>::empty(shape);
  kernels::fill(y, value);
  copy_into(y, box, x.value());
  if (OpListener::tracing()) {
    std::vector<Index> before, after;
    for (const PadWidth& width : widths) {
      before.push_back(width.before);
      after.push_back(width.after);
    }
    OpTracer<T>::note(pad_op, {{"before", before}, {"after", after}, {"value", value}});
  }
  return record(pad_op, {x}, std::move(y),
                [box](Backward<T>& b) { copy_out_of(b.dy(), box, b.dx(0)); });
}

#define XGRAD_INSTANTIATE(T)                                                 \
  template Variable<T> reshape(const Variable<T>&, const Shape&);            \
  template Variable<T> flatten(const Variable<T>&, int);                     \
  template Variable<T> permute(const Variable<T>&, const Axes&);             \
  template Variable<T> concat(std::span<const Variable<T>>, int);            \
  template Variable<T> slice(const Variable<T>&, int, Index, Index, Index);  \
  template Variable<T> pad(const Variable<T>&, const std::vector<PadWidth>&, \
                           std::type_identity_t<T>);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
