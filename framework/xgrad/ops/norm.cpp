#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/batch_norm.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/norm.hpp>

#include <fmt/format.h>

#include <cmath>

namespace xgrad {
namespace {

template <class T>
void check_channels(const char* name, const Tensor<T>& tensor, const Shape& x) {
  if (tensor.shape() != Shape{x.back()})
    throw ShapeError(
        fmt::format("batch_norm: {} has shape {}, but x {} has {} channels on its last "
                    "axis: make {} [{}]",
                    name, tensor.shape().to_string(), x.to_string(), x.back(), name, x.back()));
}

template <class T>
void check(const Tensor<T>& x, const Variable<T>& gamma, const Variable<T>& beta,
           const BatchNormStats<T>& stats, const BatchNormOptions& options) {
  const Shape& shape = x.shape();
  if (shape.rank() < 2 || shape.back() < 1)
    throw ShapeError(
        fmt::format("batch_norm: x has shape {}, but needs two axes or more and a "
                    "channel on the last one: reshape it to [batch, channels]",
                    shape.to_string()));
  if (gamma.defined()) check_channels("gamma", gamma.value(), shape);
  if (beta.defined()) check_channels("beta", beta.value(), shape);
  check_channels("running_mean", stats.running_mean, shape);
  check_channels("running_var", stats.running_var, shape);
  if (!(options.eps > 0))
    throw ValueError(fmt::format("batch_norm: eps = {}: use a positive number", options.eps));
  if (!(options.momentum >= 0 && options.momentum <= 1))
    throw ValueError(
        fmt::format("batch_norm: momentum = {}: use a number from 0 to 1", options.momentum));
  if (options.training && x.size() < 2 * shape.back())
    throw ValueError(
        fmt::format("batch_norm: x {} has fewer than two values per channel, which have "
                    "no variance to train with: use a larger batch, or training = false",
                    shape.to_string()));
}

// 1 / sqrt(var + eps)
template <class T>
Tensor<T> inverse_deviation(const Tensor<T>& var, double eps) {
  Tensor<T> rstd = Tensor<T>::empty(var.shape());
  T* const out = rstd.data();
  for (Index c = 0; c < var.size(); ++c)
    out[c] = static_cast<T>(1 / std::sqrt(static_cast<double>(var.data()[c]) + eps));
  return rstd;
}

// running += momentum (batch factor - running)
template <class T>
void update(Tensor<T> running, const Tensor<T>& batch, double momentum, double factor) {
  const ActiveOp writer(batch_norm_op.name);
  T* const out = running.data();
  for (Index c = 0; c < batch.size(); ++c)
    out[c] = static_cast<T>((1 - momentum) * static_cast<double>(out[c]) +
                            momentum * factor * static_cast<double>(batch.data()[c]));
}

}  // namespace

// y = gamma (x - mean) rstd + beta. Saves x, mean, rstd (and the parameter gamma); where nothing is
// recorded, y takes the memory of x.
template <class T>
Variable<T> batch_norm(Variable<T> x, const Variable<T>& gamma, const Variable<T>& beta,
                       BatchNormStats<T>& stats, const BatchNormOptions& options) {
  check_defined(batch_norm_op, x);
  check(x.value(), gamma, beta, stats, options);
  const bool training = options.training;
  Tensor<T> mean = stats.running_mean.clone(), var = stats.running_var;
  if (training) {
    var = Tensor<T>::empty(mean.shape());
    kernels::batch_statistics(x.value(), mean, var);
    const auto rows = static_cast<double>(x.size() / x.shape().back());
    update(stats.running_mean, mean, options.momentum, 1);
    update(stats.running_var, var, options.momentum, rows / (rows - 1));
  }
  const Tensor<T> rstd = inverse_deviation(var, options.eps);
  const bool recorded =
      NoGrad::recording() && (x.requires_grad() || gamma.requires_grad() || beta.requires_grad());
  Tensor<T> y = recorded ? Tensor<T>::empty(x.shape()) : x.reuse();
  kernels::batch_normalize(x.value(), mean, rstd, gamma.value(), beta.value(), y);

  return record(batch_norm_op, {x, gamma, beta}, y,
                [training, x = Saved(x.value()), mean = Saved(mean), rstd = Saved(rstd),
                 gamma = Saved(gamma.value())](Backward<T>& b) {
                  Tensor<T> dgamma, dbeta;
                  if (training || b.needs(1) || b.needs(2)) {
                    dgamma = Tensor<T>::empty(rstd.get().shape());
                    dbeta = Tensor<T>::empty(rstd.get().shape());
                    kernels::batch_norm_parameter_gradients(b.dy(), x.get(), mean.get(), rstd.get(),
                                                            dgamma, dbeta);
                  }
                  if (b.needs(1)) b.set_dx(1, dgamma);
                  if (b.needs(2)) b.set_dx(2, dbeta);
                  if (!b.needs(0)) return;
                  const Tensor<T> constant;
                  kernels::batch_norm_input_gradient(b.dy(), x.get(), mean.get(), rstd.get(),
                                                     gamma.get(), training ? dgamma : constant,
                                                     training ? dbeta : constant,
                                                     b.dx_in_place_of_dy(0));
                });
}

#define XGRAD_INSTANTIATE(T)                                                           \
  template Variable<T> batch_norm(Variable<T>, const Variable<T>&, const Variable<T>&, \
                                  BatchNormStats<T>&, const BatchNormOptions&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
