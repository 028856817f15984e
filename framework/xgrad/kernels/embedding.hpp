#pragma once

#include <cstdint>
#include <span>

#include <xgrad/core/tensor.hpp>

namespace xgrad::kernels {

/// y[i] = weight[ids[i]]; weight: [V, E], y: [ids, E].
template <class T>
void embedding(const Tensor<T>& weight, std::span<const std::int32_t> ids, Tensor<T>& y);
/// dweight[v] = the sum of dy[i] where ids[i] = v, in the order of i.
template <class T>
void embedding_grad(const Tensor<T>& dy, std::span<const std::int32_t> ids, Tensor<T>& dweight);

}  // namespace xgrad::kernels
