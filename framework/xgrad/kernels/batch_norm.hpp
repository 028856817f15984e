#pragma once
// Batch norm over the rows of x as a matrix [rows, C], C its last axis.

#include <xgrad/core/tensor.hpp>

namespace xgrad::kernels {

/// mean and biased variance of each column, [C]. Accurate also where the mean is far from zero.
template <class T>
void batch_statistics(const Tensor<T>& x, Tensor<T>& mean, Tensor<T>& var);

/// y = gamma (x - mean) rstd + beta. gamma and beta may be undefined: 1 and 0. y may be x.
template <class T>
void batch_normalize(const Tensor<T>& x, const Tensor<T>& mean, const Tensor<T>& rstd,
                     const Tensor<T>& gamma, const Tensor<T>& beta, Tensor<T>& y);

/// The sums over the rows that all three gradients are made of: dbeta = sum(dy) and
/// dgamma = sum(dy xhat), xhat = (x - mean) rstd; [C] each.
template <class T>
void batch_norm_parameter_gradients(const Tensor<T>& dy, const Tensor<T>& x, const Tensor<T>& mean,
                                    const Tensor<T>& rstd, Tensor<T>& dgamma, Tensor<T>& dbeta);

/// dx = gamma rstd (dy - dbeta / rows - xhat dgamma / rows). dx may be dy; gamma may be undefined;
/// without dgamma and dbeta (undefined) the statistics count as constants.
template <class T>
void batch_norm_input_gradient(const Tensor<T>& dy, const Tensor<T>& x, const Tensor<T>& mean,
                               const Tensor<T>& rstd, const Tensor<T>& gamma,
                               const Tensor<T>& dgamma, const Tensor<T>& dbeta, Tensor<T>& dx);

}  // namespace xgrad::kernels
