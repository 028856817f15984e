#pragma once
// Softmax along an axis, and the losses made of it.

#include <cstdint>
#include <span>

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/tensor.hpp>
#include <xgrad/kernels/simd/softmax.hpp>

namespace xgrad::kernels {

/// Along `axis` >= 0 of x; y may be x, dx may be y or dy.
template <class T>
void softmax(const Tensor<T>& x, int axis, Tensor<T>& y);
template <class T>
void softmax_grad(const Tensor<T>& y, const Tensor<T>& dy, int axis, Tensor<T>& dx);
template <class T>
void log_softmax(const Tensor<T>& x, int axis, Tensor<T>& y);
template <class T>
void log_softmax_grad(const Tensor<T>& y, const Tensor<T>& dy, int axis, Tensor<T>& dx);

/// The target of a row that counts for nothing.
inline constexpr std::int32_t ignored = -1;

/// For each row of logits [..., classes]: its log-sum-exp and
/// loss = -sum(q log_softmax), q = (1 - smoothing) onehot(target) + smoothing / classes.
template <class T>
void cross_entropy(const Tensor<T>& logits, std::span<const std::int32_t> targets, T smoothing,
                   std::span<LogSumExp<T>> sums, Tensor<T>& losses);
/// dlogits = (softmax - q) weight of the row
template <class T>
void cross_entropy_grad(const Tensor<T>& logits, std::span<const std::int32_t> targets, T smoothing,
                        std::span<const LogSumExp<T>> sums, const Tensor<T>& row_weights,
                        Tensor<T>& dlogits);

}  // namespace xgrad::kernels
