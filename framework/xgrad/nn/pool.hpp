#pragma once

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/pool.hpp>

namespace xgrad::nn {

/// The largest value of each window: [N, H, W, C] to [N, H', W', C]; see xgrad::max_pool2d.
template <class T = float>
class MaxPool2d final : public Module<T> {
 public:
  /// `stride` 0 stands for the kernel's size: windows side by side.
  explicit MaxPool2d(Size2d kernel_size, Size2d stride = 0, Size2d padding = 0)
      : options_{.kernel = kernel_size, .stride = stride, .padding = padding} {}
  Variable<T> forward(Variable<T> x) override { return max_pool2d(std::move(x), options_); }

 private:
  PoolOptions options_;
};

/// The mean of each window: [N, H, W, C] to [N, H', W', C]; see xgrad::avg_pool2d.
template <class T = float>
class AvgPool2d final : public Module<T> {
 public:
  /// As MaxPool2d; padding counts as zeros that are part of the mean.
  explicit AvgPool2d(Size2d kernel_size, Size2d stride = 0, Size2d padding = 0)
      : options_{.kernel = kernel_size, .stride = stride, .padding = padding} {}
  Variable<T> forward(Variable<T> x) override { return avg_pool2d(x, options_); }

 private:
  PoolOptions options_;
};

/// The mean over each channel: [N, H, W, C] to [N, C].
template <class T = float>
class GlobalAvgPool2d final : public Module<T> {
 public:
  Variable<T> forward(Variable<T> x) override { return global_avg_pool2d(x); }
};

}  // namespace xgrad::nn
