#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/arithmetic.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/reduce.hpp>

#include <fmt/format.h>

namespace xgrad {
namespace {

struct Reduction {
  kernels::AxisSet axes;
  Shape kept;          // x's shape with extents of 1 for the axes
  Shape result;        // the shape of y
  Index elements = 1;  // of x per element of y
};

Reduction reduction(const OpInfo& op, const Shape& x, const Axes& axes, bool keepdims) {
  Reduction r{.axes = {}, .kept = x, .result = x};
  if (axes.empty())
    for (int axis = 0; axis < x.rank(); ++axis) r.axes.set(static_cast<std::size_t>(axis));
  for (const int axis : axes) {
    if (axis < -x.rank() || axis >= x.rank())
      throw ShapeError(fmt::format("{}: axis {} is outside x of shape {}: use {} to {}", op.name,
                                   axis, x.to_string(), -x.rank(), x.rank() - 1));
    const auto bit = static_cast<std::size_t>(axis < 0 ? axis + x.rank() : axis);
    if (r.axes[bit])
      throw ShapeError(
          fmt::format("{}: axis {} of x of shape {} is named twice: name each axis once", op.name,
                      axis, x.to_string()));
    r.axes.set(bit);
  }
  for (int axis = x.rank() - 1; axis >= 0; --axis) {
    if (!r.axes[static_cast<std::size_t>(axis)]) continue;
    r.elements *= x[axis];
    r.kept = r.kept.with(axis, 1);
    r.result = keepdims ? r.kept : r.result.without(axis);
  }
  return r;
}

Reduction nonempty_reduction(const OpInfo& op, const Shape& x, const Axes& axes, bool keepdims) {
  Reduction r = reduction(op, x, axes, keepdims);
  if (r.elements == 0)
    throw ShapeError(
        fmt::format("{}: x of shape {} has no elements along the axes to reduce: give at "
                    "least one",
                    op.name, x.to_string()));
  return r;
}

template <class T>
void note_axes(const OpInfo& op, const Reduction& r) {
  if (!OpListener::tracing()) return;
  std::vector<Index> axes;
  for (int axis = 0; axis < r.kept.rank(); ++axis)
    if (r.axes[static_cast<std::size_t>(axis)]) axes.push_back(axis);
  OpTracer<T>::note(op, {{"axes", axes}});
}

// dx = dy / n, repeated along the reduced axes.
template <class T>
void give_repeated(Backward<T>& b, const Shape& kept, Index n) {
  const Tensor<T> divisor = Tensor<T>::full({}, static_cast<T>(n));
  kernels::div(b.dy().reshape(kept), divisor, b.dx(0));
}

}  // namespace

// y = sum of x; dx = dy, repeated.
template <class T>
Variable<T> sum(const Variable<T>& x, const Axes& axes, bool keepdims) {
  check_defined(sum_op, x);
  const Reduction r = reduction(sum_op, x.shape(), axes, keepdims);
  Tensor<T> y = Tensor<T>::empty(r.result);
  kernels::sum(x.value(), r.axes, 1, y);
  note_axes<T>(sum_op, r);
  return record(sum_op, {x}, std::move(y),
                [kept = r.kept](Backward<T>& b) { give_repeated(b, kept, 1); });
}

// y = sum of x / n; dx = dy / n, repeated.
template <class T>
Variable<T> mean(const Variable<T>& x, const Axes& axes, bool keepdims) {
  check_defined(mean_op, x);
  const Reduction r = nonempty_reduction(mean_op, x.shape(), axes, keepdims);
  Tensor<T> y = Tensor<T>::empty(r.result);
  kernels::sum(x.value(), r.axes, static_cast<double>(r.elements), y);
  note_axes<T>(mean_op, r);
  return record(mean_op, {x}, std::move(y),
                [kept = r.kept, n = r.elements](Backward<T>& b) { give_repeated(b, kept, n); });
}

// y = max of x; dx = dy at the first maximum, 0 elsewhere. Saves where the maxima are.
template <class T>
Variable<T> max(const Variable<T>& x, const Axes& axes, bool keepdims) {
  check_defined(max_op, x);
  const Reduction r = nonempty_reduction(max_op, x.shape(), axes, keepdims);
  Tensor<T> y = Tensor<T>::empty(r.result);
  PoolArray<Index> where(y.size());
  kernels::max(x.value(), r.axes, y, where);
  note_axes<T>(max_op, r);
  return record(max_op, {x}, std::move(y), [where = std::move(where)](Backward<T>& b) {
    kernels::max_grad(b.dy(), where, b.dx(0));
  });
}

#define XGRAD_INSTANTIATE(T)                                        \
  template Variable<T> sum(const Variable<T>&, const Axes&, bool);  \
  template Variable<T> mean(const Variable<T>&, const Axes&, bool); \
  template Variable<T> max(const Variable<T>&, const Axes&, bool);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
