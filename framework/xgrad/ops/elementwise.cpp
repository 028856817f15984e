#include <xgrad/autograd/record.hpp>
#include <xgrad/kernels/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>

namespace xgrad {

// y = tanh(x); dx = dy (1 - y^2). Saves y, so x's memory may be reused for it.
template <class T>
Variable<T> tanh(Variable<T> x) {
  Tensor<T> y = x.reuse();
  kernels::tanh(x.value(), y);
  return record(tanh_op, {x}, y, [y = Saved(y)](Backward<T>& b) {
    kernels::tanh_grad(y.get(), b.dy(), b.dx_in_place_of_dy(0));
  });
}

#define XGRAD_INSTANTIATE(T) template Variable<T> tanh(Variable<T>);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
