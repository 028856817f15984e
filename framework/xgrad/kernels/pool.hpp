#pragma once
// Pooling of images [N, H, W, C], with the geometry of one image in `shape`.

#include <variant>

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/tensor.hpp>
#include <xgrad/kernels/simd/pool.hpp>

namespace xgrad::kernels {

/// For each output, the place of the maximum in its window: a byte where that is enough.
using MaxPlaces = std::variant<PoolArray<std::uint8_t>, PoolArray<std::int32_t>>;

/// y = the maximum of each window; its places too, unless `places` is null.
template <class T>
void max_pool(const Tensor<T>& x, const PoolShape& shape, Tensor<T>& y, MaxPlaces* places);
template <class T>
void max_pool_grad(const Tensor<T>& dy, const MaxPlaces& places, const PoolShape& shape,
                   Tensor<T>& dx);

/// y = the sum of each window divided by its places, those in the padding included.
template <class T>
void avg_pool(const Tensor<T>& x, const PoolShape& shape, Tensor<T>& y);
template <class T>
void avg_pool_grad(const Tensor<T>& dy, const PoolShape& shape, Tensor<T>& dx);

/// y[n, c] = the mean of x[n, :, c]; x: [N, ..., C], y: [N, C].
template <class T>
void global_avg_pool(const Tensor<T>& x, Tensor<T>& y);
template <class T>
void global_avg_pool_grad(const Tensor<T>& dy, Tensor<T>& dx);

}  // namespace xgrad::kernels
