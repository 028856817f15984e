#pragma once

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// max(x) and sum(exp(x - max)) of a row: log(sum(exp(x))) = max + log(sum) without overflow.
template <class T>
struct LogSumExp {
  T max, sum;
};

/// Loops over one row of n > 0 elements; outputs may be one of the inputs.
template <class T>
struct SoftmaxLoops {
  LogSumExp<T> (*log_sum_exp)(const T* x, Index n);
  /// sum(x - shift)
  T (*shifted_sum)(const T* x, Index n, T shift);
  /// y = (x - shift) - log_sum
  void (*log_softmax)(const T* x, Index n, T shift, T log_sum, T* y);
  /// y = exp(x - shift) factor + offset
  void (*scaled_exp)(const T* x, Index n, T shift, T factor, T offset, T* y);
  /// dx = y (dy - sum(dy y))
  void (*softmax_grad)(const T* y, const T* dy, Index n, T* dx);
  /// dx = dy - exp(y) sum(dy)
  void (*log_softmax_grad)(const T* y, const T* dy, Index n, T* dx);
};

/// The loops compiled for `Level`.
template <class Level, class T>
SoftmaxLoops<T> softmax_loops();

}  // namespace xgrad::kernels
