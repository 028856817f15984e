#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/arithmetic.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/check_defined.hpp>

#include <fmt/format.h>

namespace xgrad {
namespace {

// The shape that two shapes broadcast to.
Shape broadcast(const OpInfo& op, const Shape& a, const Shape& b) {
  if (a == b) return a;
  Shape result = a.rank() >= b.rank() ? a : b;
  const Shape& other = a.rank() >= b.rank() ? b : a;
  for (int back = 1; back <= other.rank(); ++back) {
    const Index x = result[-back], y = other[-back];
    if (x != y && x != 1 && y != 1)
      throw ShapeError(fmt::format(
          "{}: a of shape {} and b of shape {} do not broadcast: from the last axis on, "
          "extents must be equal or 1; reshape one of them, with extents of 1",
          op.name, a.to_string(), b.to_string()));
    if (x == 1) result = result.with(-back, y);
  }
  return result;
}

// A gradient will be wanted for x, so what it takes is to be saved and may not be overwritten.
template <class T>
bool wants_gradient(const Variable<T>& x) {
  return NoGrad::recording() && x.requires_grad();
}

template <class T>
Saved<T> saved_if(bool wanted, const Tensor<T>& value) {
  return wanted ? Saved(value) : Saved<T>();
}

// Memory for the result: that of an operand which nobody else holds and no gradient needs, or new.
template <class T>
Tensor<T> result_memory(const Shape& shape, const Variable<T>& a, bool a_is_free,
                        const Variable<T>& b, bool b_is_free) {
  if (a_is_free && a.shape() == shape && a.value().unique()) return a.value();
  if (b_is_free && b.shape() == shape && b.value().unique()) return b.value();
  return Tensor<T>::empty(shape);
}

template <class T>
void note_scalar(const OpInfo& op, T s) {
  if (OpListener::tracing()) OpTracer<T>::note(op, {{"s", s}});
}

}  // namespace

// y = a + b; da = dy, db = dy, summed over repetitions.
template <class T>
Variable<T> add(Variable<T> a, Variable<T> b) {
  check_defined(add_op, a, 0);
  check_defined(add_op, b, 1);
  const Shape shape = broadcast(add_op, a.shape(), b.shape());
  Tensor<T> y = result_memory(shape, a, true, b, true);
  kernels::add(a.value(), b.value(), y);
  const bool whole[] = {a.shape() == shape, b.shape() == shape};
  return record(add_op, {a, b}, std::move(y), [=](Backward<T>& back) {
    for (const int i : {0, 1}) {
      if (!back.needs(i)) continue;
      if (whole[i])
        back.set_dx(i, back.dy());
      else
        kernels::sum_to(back.dy(), back.dx(i));
    }
  });
}

// y = a - b; da = dy, db = -dy, summed over repetitions.
template <class T>
Variable<T> sub(Variable<T> a, Variable<T> b) {
  check_defined(sub_op, a, 0);
  check_defined(sub_op, b, 1);
  const Shape shape = broadcast(sub_op, a.shape(), b.shape());
  Tensor<T> y = result_memory(shape, a, true, b, true);
  kernels::sub(a.value(), b.value(), y);
  const bool whole[] = {a.shape() == shape, b.shape() == shape};
  return record(sub_op, {a, b}, std::move(y), [=](Backward<T>& back) {
    if (back.needs(0)) {
      if (whole[0])
        back.set_dx(0, back.dy());
      else
        kernels::sum_to(back.dy(), back.dx(0));
    }
    if (back.needs(1)) {
      if (whole[1]) return kernels::mul(back.dy(), T(-1), back.dx_in_place_of_dy(1));
      kernels::sum_to(back.dy(), back.dx(1));
      kernels::mul(back.dx(1), T(-1), back.dx(1));
    }
  });
}

// y = a b; da = dy b, db = dy a, summed over repetitions. Saves of a and b what is needed.
template <class T>
Variable<T> mul(Variable<T> a, Variable<T> b) {
  check_defined(mul_op, a, 0);
  check_defined(mul_op, b, 1);
  const Shape shape = broadcast(mul_op, a.shape(), b.shape());
  const bool wants_a = wants_gradient(a), wants_b = wants_gradient(b);
  Tensor<T> y = result_memory(shape, a, !wants_b, b, !wants_a);
  kernels::mul(a.value(), b.value(), y);
  const bool whole[] = {a.shape() == shape, b.shape() == shape};
  return record(mul_op, {a, b}, std::move(y),
                [=, factors = std::array{saved_if(wants_a, b.value()),
                                         saved_if(wants_b, a.value())}](Backward<T>& back) {
                  for (const int i : {0, 1}) {
                    if (!back.needs(i)) continue;
                    const Tensor<T>& factor = factors[static_cast<std::size_t>(i)].get();
                    const bool last = i == 1 || !back.needs(1);
                    Tensor<T>& dx = last ? back.dx_in_place_of_dy(i) : back.dx(i);
                    if (whole[i])
                      kernels::mul(back.dy(), factor, dx);
                    else
                      kernels::sum_of_product_to(back.dy(), factor, dx);
                  }
                });
}

// y = a / b; da = dy / b, db = -dy y / b, summed over repetitions, over which b is constant. Saves
// b, and y where b wants a gradient.
template <class T>
Variable<T> div(Variable<T> a, Variable<T> b) {
  check_defined(div_op, a, 0);
  check_defined(div_op, b, 1);
  const Shape shape = broadcast(div_op, a.shape(), b.shape());
  const bool wants_a = wants_gradient(a), wants_b = wants_gradient(b);
  Tensor<T> y = result_memory(shape, a, true, b, !wants_a && !wants_b);
  kernels::div(a.value(), b.value(), y);
  const bool whole[] = {a.shape() == shape, b.shape() == shape};
  return record(div_op, {a, b}, y,
                [=, b = saved_if(wants_a || wants_b, b.value()),
                 y = saved_if(wants_b, y)](Backward<T>& back) {
                  if (back.needs(0)) {
                    const bool in_place = whole[0] && !back.needs(1);
                    if (whole[0]) {
                      kernels::div(back.dy(), b.get(),
                                   in_place ? back.dx_in_place_of_dy(0) : back.dx(0));
                    } else {
                      Tensor<T> quotient = Tensor<T>::empty(back.dy().shape());
                      kernels::div(back.dy(), b.get(), quotient);
                      kernels::sum_to(quotient, back.dx(0));
                    }
                  }
                  if (back.needs(1)) {
                    Tensor<T>& db = back.dx_in_place_of_dy(1);
                    if (whole[1])
                      kernels::mul(back.dy(), y.get(), db);
                    else
                      kernels::sum_of_product_to(back.dy(), y.get(), db);
                    kernels::neg_div(db, b.get(), db);
                  }
                });
}

// y = x + s; dx = dy.
template <class T>
Variable<T> add(Variable<T> x, std::type_identity_t<T> s) {
  check_defined(add_scalar_op, x);
  Tensor<T> y = x.reuse();
  kernels::add(x.value(), s, y);
  note_scalar<T>(add_scalar_op, s);
  return record(add_scalar_op, {x}, std::move(y), [](Backward<T>& b) { b.set_dx(0, b.dy()); });
}

template <class T>
Variable<T> sub(Variable<T> x, std::type_identity_t<T> s) {
  return add(std::move(x), -s);
}

// y = s - x; dx = -dy.
template <class T>
Variable<T> sub(std::type_identity_t<T> s, Variable<T> x) {
  check_defined(rsub_scalar_op, x);
  Tensor<T> y = x.reuse();
  kernels::sub(s, x.value(), y);
  note_scalar<T>(rsub_scalar_op, s);
  return record(rsub_scalar_op, {x}, std::move(y),
                [](Backward<T>& b) { kernels::mul(b.dy(), T(-1), b.dx_in_place_of_dy(0)); });
}

// y = x s; dx = dy s.
template <class T>
Variable<T> mul(Variable<T> x, std::type_identity_t<T> s) {
  check_defined(mul_scalar_op, x);
  Tensor<T> y = x.reuse();
  kernels::mul(x.value(), s, y);
  note_scalar<T>(mul_scalar_op, s);
  return record(mul_scalar_op, {x}, std::move(y),
                [s](Backward<T>& b) { kernels::mul(b.dy(), s, b.dx_in_place_of_dy(0)); });
}

// y = x / s; dx = dy / s.
template <class T>
Variable<T> div(Variable<T> x, std::type_identity_t<T> s) {
  check_defined(div_scalar_op, x);
  Tensor<T> y = x.reuse();
  kernels::div(x.value(), s, y);
  note_scalar<T>(div_scalar_op, s);
  return record(div_scalar_op, {x}, std::move(y),
                [s](Backward<T>& b) { kernels::div(b.dy(), s, b.dx_in_place_of_dy(0)); });
}

// y = s / x; dx = -dy y / x. Saves x and y.
template <class T>
Variable<T> div(std::type_identity_t<T> s, const Variable<T>& x) {
  check_defined(rdiv_scalar_op, x);
  Tensor<T> y = Tensor<T>::empty(x.shape());
  kernels::div(s, x.value(), y);
  note_scalar<T>(rdiv_scalar_op, s);
  return record(rdiv_scalar_op, {x}, y, [x = Saved(x.value()), y = Saved(y)](Backward<T>& b) {
    Tensor<T>& dx = b.dx_in_place_of_dy(0);
    kernels::mul(b.dy(), y.get(), dx);
    kernels::neg_div(dx, x.get(), dx);
  });
}

#define XGRAD_INSTANTIATE(T)                                      \
  template Variable<T> add(Variable<T>, Variable<T>);             \
  template Variable<T> sub(Variable<T>, Variable<T>);             \
  template Variable<T> mul(Variable<T>, Variable<T>);             \
  template Variable<T> div(Variable<T>, Variable<T>);             \
  template Variable<T> add(Variable<T>, std::type_identity_t<T>); \
  template Variable<T> sub(Variable<T>, std::type_identity_t<T>); \
  template Variable<T> sub(std::type_identity_t<T>, Variable<T>); \
  template Variable<T> mul(Variable<T>, std::type_identity_t<T>); \
  template Variable<T> div(Variable<T>, std::type_identity_t<T>); \
  template Variable<T> div(std::type_identity_t<T>, const Variable<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
