#include <xgrad/nn/check.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/ops/linear.hpp>

namespace xgrad::nn {
namespace {

Shape weight_shape(Index in, Index out) {
  check_at_least_one("Linear", "in_features", in);
  check_at_least_one("Linear", "out_features", out);
  return {out, in};
}

}  // namespace

template <class T>
Linear<T>::Linear(Index in_features, Index out_features, bool with_bias)
    : weight(this->parameter(
          "weight", init::layer_default<T>(weight_shape(in_features, out_features), in_features))),
      bias(with_bias ? this->parameter("bias", init::layer_default<T>({out_features}, in_features))
                     : Variable<T>()) {}

template <class T>
Variable<T> Linear<T>::forward(Variable<T> x) {
  return linear(x, weight, bias);
}

template class Linear<float>;
template class Linear<double>;

}  // namespace xgrad::nn
