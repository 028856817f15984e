#pragma once
// Batch norm and the max-pooling of its result in one pass over the image: what is normalised is
// never in memory, only its maxima are. The twins that do it in two passes are batch_normalize and
// max_pool, and for the gradient max_pool_grad and batch_norm_input_gradient.

#include <xgrad/kernels/pool.hpp>

namespace xgrad::kernels {

/// The geometries that these kernels take.
template <class T>
bool norm_max_pool_fits(const PoolShape& shape);

/// y = the maximum of each window of gamma (x - mean) rstd + beta, with gamma and beta as for
/// batch_normalize. For the gradients (unless `places` is null) also best, the value of x there,
/// and its place.
template <class T>
void norm_max_pool(const Tensor<T>& x, const Tensor<T>& mean, const Tensor<T>& rstd,
                   const Tensor<T>& gamma, const Tensor<T>& beta, const PoolShape& shape,
                   Tensor<T>& y, Tensor<T>* best, MaxPlaces* places);

/// dx from dy, the gradient of the maxima. dgamma and dbeta are those of
/// batch_norm_parameter_gradients(dy, best, ...), or undefined where the statistics are constants.
template <class T>
void norm_max_pool_input_gradient(const Tensor<T>& dy, const MaxPlaces& places, const Tensor<T>& x,
                                  const Tensor<T>& mean, const Tensor<T>& rstd,
                                  const Tensor<T>& gamma, const Tensor<T>& dgamma,
                                  const Tensor<T>& dbeta, const PoolShape& shape, Tensor<T>& dx);

}  // namespace xgrad::kernels
