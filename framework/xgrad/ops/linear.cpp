#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/linear.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xgrad {
namespace {

using kernels::Factor;

// The tensor as one matrix, its leading axes flattened into rows.
template <class T>
Factor<T> rows_of(const Tensor<T>& x, Index rows) {
  return {x.data(), rows, x.shape(-1)};
}

// The first of the matrices on the last two axes.
template <class T>
Factor<T> first_matrix(const Tensor<T>& a) {
  return {a.data(), a.shape(-2), a.shape(-1)};
}

template <class T>
void check_linear(const Variable<T>& x, const Variable<T>& w, const Variable<T>& b) {
  check_defined(linear_op, x, 0);
  check_defined(linear_op, w, 1);
  if (x.shape().rank() < 1)
    throw ShapeError("linear: x is a scalar, []: reshape it to [1] or give it a feature axis");
  if (w.shape().rank() != 2)
    throw ShapeError(
        fmt::format("linear: w is {}, but must be [out, in]: reshape it", w.shape().to_string()));
  if (x.shape(-1) != w.shape(1))
    throw ShapeError(
        fmt::format("linear: x is {}, with {} features, but w is {}, for {}: the last axes "
                    "of x and w must agree",
                    x.shape().to_string(), x.shape(-1), w.shape().to_string(), w.shape(1)));
  if (b.defined() && b.shape() != Shape{w.shape(0)})
    throw ShapeError(
        fmt::format("linear: b is {}, but w is {}: b must be [{}], one for each output",
                    b.shape().to_string(), w.shape().to_string(), w.shape(0)));
}

template <class T>
void check_matmul(const Variable<T>& a, const Variable<T>& b) {
  check_defined(matmul_op, a, 0);
  check_defined(matmul_op, b, 1);
  const std::string shapes =
      fmt::format("matmul: a is {} and b is {}", a.shape().to_string(), b.shape().to_string());
  const int rank = a.shape().rank();
  if (rank < 2 || b.shape().rank() < 2)
    throw ShapeError(shapes + ": both must be matrices: reshape a vector to [1, n] or [n, 1]");
  if (rank != b.shape().rank() ||
      !std::equal(a.shape().begin(), a.shape().end() - 2, b.shape().begin()))
    throw ShapeError(shapes + ": the axes before the last two must be the same: reshape or slice");
  if (a.shape(-1) != b.shape(-2))
    throw ShapeError(
        fmt::format("{}: a's last axis, {}, must be b's last but one, {}: permute one of "
                    "them",
                    shapes, a.shape(-1), b.shape(-2)));
}

}  // namespace

// y = x w^T + b; dx = dy w; dw = dy^T x; db = column sums of dy. Saves x and w.
template <class T>
Variable<T> linear(const Variable<T>& x, const Variable<T>& w,
                   const std::type_identity_t<Variable<T>>& b) {
  check_linear(x, w, b);
  const Index out = w.shape(0);
  const Shape y_shape = x.shape().with(-1, out);
  const Index rows = x.shape().without(-1).elements();
  Tensor<T> y = Tensor<T>::empty(y_shape);  // [rows, out]
  if (b.defined()) kernels::repeat_row(b.value().data(), rows, out, y.data());
  kernels::gemm<T>(1, rows_of(x.value(), rows), first_matrix(w.value()).t(), b.defined() ? 1 : 0,
                   y.data());
  return record(linear_op, {x, w, b}, y,
                [rows, out, x = Saved(x.value()), w = Saved(w.value())](Backward<T>& back) {
                  const Tensor<T>& dy = back.dy();
                  const Factor<T> dy_rows(dy.data(), rows, out);
                  if (back.needs(0))
                    kernels::gemm<T>(1, dy_rows, first_matrix(w.get()), 0, back.dx(0).data());
                  if (back.needs(1)) {
                    auto [dw, add] = back.dx_sum(1);
                    kernels::gemm<T>(1, dy_rows.t(), rows_of(x.get(), rows), add ? 1 : 0,
                                     dw.data());
                  }
                  if (back.needs(2)) kernels::column_sum(dy, back.dx(2));
                });
}

// y = a b; da = dy b^T; db = a^T dy, for each pair of matrices. Saves a and b.
template <class T>
Variable<T> matmul(const Variable<T>& a, const Variable<T>& b) {
  check_matmul(a, b);
  const Index count = a.shape().without(-1).without(-1).elements();
  Tensor<T> y = Tensor<T>::empty(a.shape().with(-1, b.shape(-1)));
  kernels::batched_gemm<T>(count, 1, first_matrix(a.value()), first_matrix(b.value()), 0, y.data());
  return record(
      matmul_op, {a, b}, y, [count, a = Saved(a.value()), b = Saved(b.value())](Backward<T>& back) {
        const Factor<T> dy = first_matrix(back.dy());
        if (back.needs(0))
          kernels::batched_gemm<T>(count, 1, dy, first_matrix(b.get()).t(), 0, back.dx(0).data());
        if (back.needs(1))
          kernels::batched_gemm<T>(count, 1, first_matrix(a.get()).t(), dy, 0, back.dx(1).data());
      });
}

#define XGRAD_INSTANTIATE(T)                                                               \
  template Variable<T> linear(const Variable<T>&, const Variable<T>&, const Variable<T>&); \
  template Variable<T> matmul(const Variable<T>&, const Variable<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
