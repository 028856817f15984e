#pragma once

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// One step of stochastic gradient descent.
template <class T>
struct SgdStep {
  T lr = 0;
  T momentum = 0;
  T weight_decay = 0;  ///< adds weight_decay * p to the gradient
  bool nesterov = false;
};

/// One step of Adam, with what depends on the step's number worked out.
template <class T>
struct AdamStep {
  T step_size = 0;     ///< lr / (1 - beta1^t)
  T decay = 0;         ///< subtracts decay * p from p first: lr * weight_decay for AdamW, else 0
  T weight_decay = 0;  ///< adds weight_decay * p to the gradient: Adam's, else 0
  T one_minus_beta1 = 0;
  T beta2 = 0;
  T one_minus_beta2 = 0;
  T denominator_scale = 0;  ///< 1 / sqrt(1 - beta2^t)
  T eps = 0;
};

/// Loops over n elements of a parameter p, its gradient g and the optimizer's state.
template <class T>
struct OptimizerLoops {
  void (*sgd)(const SgdStep<T>&, const T* g, T* p, Index n);
  /// v: the momentum buffer
  void (*sgd_momentum)(const SgdStep<T>&, const T* g, T* p, T* v, Index n);
  /// m, s: the running means of the gradient and of its square
  void (*adam)(const AdamStep<T>&, const T* g, T* p, T* m, T* s, Index n);
  void (*scale)(T factor, T* x, Index n);
  /// x limited to [-bound, bound]; NaN stays.
  void (*clamp)(T bound, T* x, Index n);
  double (*sum_of_squares)(const T* x, Index n);
};

/// The loops compiled for `Level`.
template <class Level, class T>
OptimizerLoops<T> optimizer_loops();

}  // namespace xgrad::kernels
