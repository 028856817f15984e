#include <xgrad/autograd/record.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/batch_norm.hpp>
#include <xgrad/kernels/norm_pool.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool_shape.hpp>
#include <xgrad/ops/put_off.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

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
}

// `rows`: of the whole batch.
void check_rows(const Shape& x, double rows) {
  if (rows < 2)
    throw ValueError(
        fmt::format("batch_norm: x {} has fewer than two values per channel, which have "
                    "no variance to train with: use a larger batch, or training = false",
                    x.to_string()));
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

// From the mean and variance of this process's rows to those of all rows, and their number. In two
// rounds, so that the squares are of deviations from the common mean, as accurate as one process's.
template <class T>
double combine(StatisticsReducer& reducer, double rows, Tensor<T>& mean, Tensor<T>& var) {
  const Index channels = mean.size();
  PoolArray<double> sums(channels + 1);
  double* const sum = sums.data();
  T *const m = mean.data(), *const v = var.data();
  for (Index c = 0; c < channels; ++c) sum[c] = rows * static_cast<double>(m[c]);
  sum[channels] = rows;
  reducer.sum(sums.span());
  const double total = sum[channels];
  for (Index c = 0; c < channels; ++c) {
    const double common = sum[c] / total, delta = static_cast<double>(m[c]) - common;
    sum[c] = rows == 0 ? 0 : rows * (static_cast<double>(v[c]) + delta * delta);
    m[c] = static_cast<T>(common);
  }
  reducer.sum(sums.span().first(static_cast<std::size_t>(channels)));
  for (Index c = 0; c < channels; ++c) v[c] = static_cast<T>(sum[c] / total);
  return total;
}

// The sums over all processes, divided among their rows: the part that belongs to x, whose rows the
// kernels divide by.
template <class T>
void share_sums(StatisticsReducer& reducer, double share, Tensor<T>& dgamma, Tensor<T>& dbeta) {
  const Index channels = dgamma.size();
  PoolArray<double> sums(2 * channels);
  std::copy_n(std::as_const(dgamma).data(), channels, sums.data());
  std::copy_n(std::as_const(dbeta).data(), channels, sums.data() + channels);
  reducer.sum(sums.span());
  // New tensors: the old ones are this process's gradients.
  dgamma = Tensor<T>::empty(dgamma.shape());
  dbeta = Tensor<T>::empty(dbeta.shape());
  for (Index c = 0; c < channels; ++c) {
    dgamma.data()[c] = static_cast<T>(share * sums.data()[c]);
    dbeta.data()[c] = static_cast<T>(share * sums.data()[channels + c]);
  }
}

template <class T>
bool wants_gradient(const NormArguments<T>& a) {
  return a.x.requires_grad() || a.gamma.requires_grad() || a.beta.requires_grad();
}

// What the statistics are of.
struct Batch {
  bool training;
  std::shared_ptr<StatisticsReducer> reducer;
  double share;
};

template <class T>
Batch batch_of(NormArguments<T>& a) {
  return {a.training, std::move(a.reducer), a.share};
}

// Hands out dgamma and dbeta. Where dx depends on them, they are there afterwards, wanted or not;
// else both stay undefined: the statistics are constants then.
template <class T>
void parameter_gradients(Backward<T>& b, const Batch& batch, const Tensor<T>& x,
                         const Tensor<T>& mean, const Tensor<T>& rstd, Tensor<T>& dgamma,
                         Tensor<T>& dbeta) {
  const auto& [training, reducer, share] = batch;
  if (!training && !b.needs(1) && !b.needs(2)) return;
  dgamma = Tensor<T>::empty(rstd.shape());
  dbeta = Tensor<T>::empty(rstd.shape());
  kernels::batch_norm_parameter_gradients(b.dy(), x, mean, rstd, dgamma, dbeta);
  if (b.needs(1)) b.set_dx(1, dgamma);
  if (b.needs(2)) b.set_dx(2, dbeta);
  if (!training) dgamma = dbeta = {};
  if (training && reducer && b.needs(0)) share_sums(*reducer, share, dgamma, dbeta);
}

// y = gamma (x - mean) rstd + beta. Saves x, mean, rstd (and the parameter gamma); where nothing is
// recorded, y takes the memory of x.
template <class T>
Variable<T> normalize(NormArguments<T> a) {
  const Variable<T>& x = a.x;
  const bool recorded = NoGrad::recording() && wants_gradient(a);
  Tensor<T> y = recorded ? Tensor<T>::empty(x.shape()) : x.reuse();
  kernels::batch_normalize(x.value(), a.mean, a.rstd, a.gamma_value, a.beta_value, y);
  return record(batch_norm_op, {x, a.gamma, a.beta}, y,
                [batch = batch_of(a), x = Saved(x.value()), mean = Saved(a.mean),
                 rstd = Saved(a.rstd), gamma = a.saved_gamma](Backward<T>& b) {
                  Tensor<T> dgamma, dbeta;
                  parameter_gradients(b, batch, x.get(), mean.get(), rstd.get(), dgamma, dbeta);
                  if (!b.needs(0)) return;
                  kernels::batch_norm_input_gradient(b.dy(), x.get(), mean.get(), rstd.get(),
                                                     gamma.get(), dgamma, dbeta,
                                                     b.dx_in_place_of_dy(0));
                });
}

}  // namespace

// The statistics of the batch, or those of all before, and what else the result is made of.
template <class T>
Variable<T> batch_norm(Variable<T> x, const Variable<T>& gamma, const Variable<T>& beta,
                       BatchNormStats<T>& stats, const BatchNormOptions& options) {
  check_defined(batch_norm_op, x);
  check(x.value(), gamma, beta, stats, options);
  Tensor<T> mean = stats.running_mean.clone(), var = stats.running_var;
  double share = 1;
  if (options.training) {
    const auto own_rows = static_cast<double>(x.size() / x.shape().back());
    if (!options.reducer) check_rows(x.shape(), own_rows);
    var = Tensor<T>::empty(mean.shape());
    kernels::batch_statistics(x.value(), mean, var);
    double rows = own_rows;
    if (options.reducer) {
      rows = combine(*options.reducer, own_rows, mean, var);
      check_rows(x.shape(), rows);
      share = own_rows / rows;
    }
    update(stats.running_mean, mean, options.momentum, 1);
    update(stats.running_var, var, options.momentum, rows / (rows - 1));
  }
  const bool put_off = may_put_off(x);
  NormArguments<T> arguments{.x = std::move(x),
                             .gamma = gamma,
                             .beta = beta,
                             .mean = mean,
                             .rstd = inverse_deviation(var, options.eps),
                             .gamma_value = gamma.value(),
                             .beta_value = beta.value(),
                             .saved_gamma = Saved(gamma.value()),
                             .training = options.training,
                             .reducer = options.reducer,
                             .share = share};
  if (!put_off) {
    if (OpListener::tracing()) {
      const auto unless_training = [&](const Tensor<T>& t) { return options.training ? Tensor<T>() : t; };
      OpTracer<T>::note(batch_norm_op, {{"training", options.training},
                                        {"running_mean", unless_training(stats.running_mean)},
                                        {"running_var", unless_training(stats.running_var)},
                                        {"eps", options.eps}});
    }
    return normalize(std::move(arguments));
  }
  if (gamma.defined()) arguments.gamma_value = gamma.value().clone();
  if (beta.defined()) arguments.beta_value = beta.value().clone();
  return Variable<T>::from_pending(
      Ref<Pending<T>>::adopt(new PendingNorm<T>(std::move(arguments))));
}

template <class T>
Variable<T> PendingNorm<T>::result() {
  const RecordingAs then(recording_);
  if (arguments_.x.defined()) result_ = normalize(std::move(arguments_));
  return result_;
}

// y = the largest gamma (x - mean) rstd + beta of each window; the gradient of x is that of
// batch_norm for a dy that is 0 except at these places, and so the other two are sums over the
// windows. Saves x, its values and places there, mean, rstd (and the parameter gamma).
template <class T>
std::optional<Variable<T>> PendingNorm<T>::max_pool(const PoolOptions& options) {
  NormArguments<T>& a = arguments_;
  const auto shape = pool_shape(max_pool2d_op.name, a.x.shape(), options);
  if (!kernels::norm_max_pool_fits<T>(shape)) return {};
  const RecordingAs then(recording_);
  const bool recorded = recording_ && wants_gradient(a);
  Tensor<T> y = Tensor<T>::empty({a.x.shape(0), shape.out_height, shape.out_width, shape.channels});
  Tensor<T> best = recorded ? Tensor<T>::empty(y.shape()) : Tensor<T>();
  kernels::MaxPlaces places;
  kernels::norm_max_pool(a.x.value(), a.mean, a.rstd, a.gamma_value, a.beta_value, shape, y,
                         recorded ? &best : nullptr, recorded ? &places : nullptr);
  return record(batch_norm_max_pool2d_op, {a.x, a.gamma, a.beta}, y,
                [batch = batch_of(a), shape, x = Saved(a.x.value()), best = Saved(best),
                 places = std::move(places), mean = Saved(a.mean), rstd = Saved(a.rstd),
                 gamma = a.saved_gamma](Backward<T>& b) {
                  Tensor<T> dgamma, dbeta;
                  parameter_gradients(b, batch, best.get(), mean.get(), rstd.get(), dgamma, dbeta);
                  if (!b.needs(0)) return;
                  kernels::norm_max_pool_input_gradient(b.dy(), places, x.get(), mean.get(),
                                                        rstd.get(), gamma.get(), dgamma, dbeta,
                                                        shape, b.dx(0));
                });
}

template <class T>
Variable<T> PendingActivation<T>::result() {
  const RecordingAs then(recording_);
  if (x_.defined()) result_ = apply_(std::move(x_));
  return result_;
}

template <class T>
Variable<T> PendingActivation<T>::max_pool(const PoolOptions& options) {
  const RecordingAs then(recording_);
  return apply_(max_pool2d(std::move(x_), options));
}

#define XGRAD_INSTANTIATE(T)                                                           \
  template Variable<T> batch_norm(Variable<T>, const Variable<T>&, const Variable<T>&, \
                                  BatchNormStats<T>&, const BatchNormOptions&);        \
  template class PendingNorm<T>;                                                       \
  template class PendingActivation<T>;
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
