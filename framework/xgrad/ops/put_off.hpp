#pragma once
// What image ops put off for the max-pool that may follow. Private. Most of an image's values lose
// against their neighbours there: what is done to the winners alone is done to a quarter of them,
// and the rest never goes to memory.

#include <memory>
#include <optional>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/op_listener.hpp>
#include <xgrad/autograd/saved.hpp>
#include <xgrad/autograd/variable.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool.hpp>

namespace xgrad {

/// Everything that batch_norm's result depends on, as it was when batch_norm was called.
template <class T>
struct NormArguments {
  Variable<T> x, gamma, beta;
  Tensor<T> mean, rstd;  ///< [C]
  Tensor<T> gamma_value,
      beta_value;  ///< copies: the parameters may change before the value is there
  Saved<T> saved_gamma;
  bool training = true;
  std::shared_ptr<StatisticsReducer> reducer;  ///< of the sums in dx, too; see BatchNormOptions
  double share = 1;                            ///< of all its processes' rows that are in x
};

template <class T>
class PendingNorm final : public Pending<T> {
 public:
  explicit PendingNorm(NormArguments<T> arguments)
      : Pending<T>(arguments.x.shape()), arguments_(std::move(arguments)) {}
  Variable<T> result() override;

  /// In place of result(): max_pool2d of it; none if the kernel does not take these windows.
  std::optional<Variable<T>> max_pool(const PoolOptions& options);

 private:
  NormArguments<T> arguments_;  // without x once the result is there
  Variable<T> result_;
  bool recording_ = NoGrad::recording();
};

/// An activation that never falls where its argument rises, such as tanh: the largest result is
/// that of the largest argument, and need not be searched for among the results.
template <class T>
class PendingActivation final : public Pending<T> {
 public:
  using Apply = Variable<T> (*)(Variable<T>);

  PendingActivation(Variable<T> x, Apply apply)
      : Pending<T>(x.shape()), x_(std::move(x)), apply_(apply) {}
  Variable<T> result() override;

  /// In place of result(): max_pool2d of it, as the activation of max_pool2d.
  Variable<T> max_pool(const PoolOptions& options);

 private:
  Variable<T> x_;  // undefined once the result is there
  Apply apply_;
  Variable<T> result_;
  bool recording_ = NoGrad::recording();
};

/// Whether work on x may be put off: an image whose memory nobody else holds, or one put off
/// itself. Not while anomalies are looked for, whose report names the op that made them, nor while
/// somebody writes down which ops there are.
template <class T>
bool may_put_off(const Variable<T>& x) {
  if (x.shape().rank() != 4 || DetectAnomaly::enabled() || OpListener::tracing()) return false;
  return x.pending() != nullptr || x.value().unique();
}

/// apply(x), put off if that may be.
template <class T>
Variable<T> activate(Variable<T> x, typename PendingActivation<T>::Apply apply) {
  if (!may_put_off(x)) return apply(std::move(x));
  return Variable<T>::from_pending(
      Ref<Pending<T>>::adopt(new PendingActivation<T>(std::move(x), apply)));
}

extern template class PendingNorm<float>;
extern template class PendingNorm<double>;
extern template class PendingActivation<float>;
extern template class PendingActivation<double>;

}  // namespace xgrad
