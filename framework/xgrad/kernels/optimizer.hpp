#pragma once
// Kernels that update parameters: one pass over each parameter, its gradient and the optimizer's
// state.

#include <xgrad/core/tensor.hpp>
#include <xgrad/kernels/simd/optimizer.hpp>

namespace xgrad::kernels {

/// g += weight_decay p; v = momentum v + g; p -= lr v, or with Nesterov p -= lr (g + momentum v).
/// `v` is undefined where there is no momentum.
template <class T>
void sgd_step(const SgdStep<T>& step, const Tensor<T>& g, Tensor<T>& p, Tensor<T>& v);

/// p -= decay p; g += weight_decay p; m += (1 - beta1) (g - m); s = beta2 s + (1 - beta2) g^2;
/// p -= step_size m / (sqrt(s) denominator_scale + eps)
template <class T>
void adam_step(const AdamStep<T>& step, const Tensor<T>& g, Tensor<T>& p, Tensor<T>& m,
               Tensor<T>& s);

/// x *= factor
template <class T>
void scale_in_place(Tensor<T>& x, T factor);

/// Limits x to [-bound, bound]; NaN stays NaN.
template <class T>
void clamp_in_place(Tensor<T>& x, T bound);

/// The sum of x^2, added up in double.
template <class T>
double sum_of_squares(const Tensor<T>& x);

}  // namespace xgrad::kernels
