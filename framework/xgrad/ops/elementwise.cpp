#include <xgrad/autograd/record.hpp>
#include <xgrad/kernels/arithmetic.hpp>
#include <xgrad/kernels/elementwise.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/put_off.hpp>

namespace xgrad {

// y = tanh(x); dx = dy (1 - y^2). Saves y, so x's memory may be reused for it.
template <class T>
Variable<T> tanh(Variable<T> x) {
  check_defined(tanh_op, x);
  return activate<T>(std::move(x), [](Variable<T> in) {
    Tensor<T> y = in.reuse();
    kernels::tanh(in.value(), y);
    return record(tanh_op, {in}, y, [y = Saved(y)](Backward<T>& b) {
      kernels::tanh_grad(y.get(), b.dy(), b.dx_in_place_of_dy(0));
    });
  });
}

// y = max(x, 0); dx = dy where y > 0, else 0. Saves y.
template <class T>
Variable<T> relu(Variable<T> x) {
  check_defined(relu_op, x);
  return activate<T>(std::move(x), [](Variable<T> in) {
    Tensor<T> y = in.reuse();
    kernels::relu(in.value(), y);
    return record(relu_op, {in}, y, [y = Saved(y)](Backward<T>& b) {
      kernels::relu_grad(y.get(), b.dy(), b.dx_in_place_of_dy(0));
    });
  });
}

// y = 1 / (1 + exp(-x)); dx = dy y (1 - y). Saves y.
template <class T>
Variable<T> sigmoid(Variable<T> x) {
  check_defined(sigmoid_op, x);
  return activate<T>(std::move(x), [](Variable<T> in) {
    Tensor<T> y = in.reuse();
    kernels::sigmoid(in.value(), y);
    return record(sigmoid_op, {in}, y, [y = Saved(y)](Backward<T>& b) {
      kernels::sigmoid_grad(y.get(), b.dy(), b.dx_in_place_of_dy(0));
    });
  });
}

// y = exp(x); dx = dy y. Saves y.
template <class T>
Variable<T> exp(Variable<T> x) {
  check_defined(exp_op, x);
  Tensor<T> y = x.reuse();
  kernels::exp(x.value(), y);
  return record(exp_op, {x}, y, [y = Saved(y)](Backward<T>& b) {
    kernels::mul(b.dy(), y.get(), b.dx_in_place_of_dy(0));
  });
}

// y = log(x); dx = dy / x. Saves x.
template <class T>
Variable<T> log(const Variable<T>& x) {
  check_defined(log_op, x);
  Tensor<T> y = Tensor<T>::empty(x.shape());
  kernels::log(x.value(), y);
  return record(log_op, {x}, std::move(y), [x = Saved(x.value())](Backward<T>& b) {
    kernels::div(b.dy(), x.get(), b.dx_in_place_of_dy(0));
  });
}

// y = sqrt(x); dx = dy / (2 y). Saves y.
template <class T>
Variable<T> sqrt(Variable<T> x) {
  check_defined(sqrt_op, x);
  Tensor<T> y = x.reuse();
  kernels::sqrt(x.value(), y);
  return record(sqrt_op, {x}, y, [y = Saved(y)](Backward<T>& b) {
    kernels::sqrt_grad(y.get(), b.dy(), b.dx_in_place_of_dy(0));
  });
}

// y = x^p; dx = dy p x^(p - 1). Saves x.
template <class T>
Variable<T> pow(const Variable<T>& x, std::type_identity_t<T> exponent) {
  check_defined(pow_op, x);
  Tensor<T> y = Tensor<T>::empty(x.shape());
  kernels::pow(x.value(), exponent, y);
  if (OpListener::tracing()) OpTracer<T>::note(pow_op, {{"exponent", exponent}});
  return record(pow_op, {x}, std::move(y), [x = Saved(x.value()), exponent](Backward<T>& b) {
    kernels::pow_grad(x.get(), exponent, b.dy(), b.dx_in_place_of_dy(0));
  });
}

// y = -x; dx = -dy. By a product, which also turns the sign of zero.
template <class T>
Variable<T> neg(Variable<T> x) {
  check_defined(neg_op, x);
  Tensor<T> y = x.reuse();
  kernels::mul(x.value(), T(-1), y);
  return record(neg_op, {x}, std::move(y),
                [](Backward<T>& b) { kernels::mul(b.dy(), T(-1), b.dx_in_place_of_dy(0)); });
}

#define XGRAD_INSTANTIATE(T)                                             \
  template Variable<T> tanh(Variable<T>);                                \
  template Variable<T> relu(Variable<T>);                                \
  template Variable<T> sigmoid(Variable<T>);                             \
  template Variable<T> exp(Variable<T>);                                 \
  template Variable<T> log(const Variable<T>&);                          \
  template Variable<T> sqrt(Variable<T>);                                \
  template Variable<T> pow(const Variable<T>&, std::type_identity_t<T>); \
  template Variable<T> neg(Variable<T>);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
