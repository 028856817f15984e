#pragma once

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/conv.hpp>

namespace xgrad::nn {

/// Convolution of images [N, H, W, in] to [N, H', W', out]; see xgrad::conv2d.
template <class T = float>
class Conv2d final : public Module<T> {
 public:
  /// Weight and bias start uniform in ±1/sqrt(kernel_size.h * kernel_size.w * in / groups). Throws
  /// ValueError for a count below 1, or groups that do not divide both channel counts.
  Conv2d(Index in_channels, Index out_channels, Size2d kernel_size, Conv2dOptions options = {},
         bool with_bias = true);

  Variable<T> forward(Variable<T> x) override;

  const Variable<T> weight;  ///< [out, kh, kw, in / groups]; [out, in / groups, kh, kw] in files
  const Variable<T> bias;    ///< [out], or undefined

 private:
  Conv2dOptions options_;
};

/// Convolution of sequences [N, L, in] to [N, L', out]; see xgrad::conv1d.
template <class T = float>
class Conv1d final : public Module<T> {
 public:
  /// As Conv2d.
  Conv1d(Index in_channels, Index out_channels, Index kernel_size, Conv1dOptions options = {},
         bool with_bias = true);

  Variable<T> forward(Variable<T> x) override;

  const Variable<T> weight;  ///< [out, k, in / groups]; [out, in / groups, k] in files
  const Variable<T> bias;    ///< [out], or undefined

 private:
  Conv1dOptions options_;
};

extern template class Conv2d<float>;
extern template class Conv2d<double>;
extern template class Conv1d<float>;
extern template class Conv1d<double>;

}  // namespace xgrad::nn
