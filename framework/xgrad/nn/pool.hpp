#pragma once

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/pool.hpp>

namespace xgrad::nn {

/// The largest value of each window: [N, H, W, C] to [N, H', W', C]; see xgrad::max_pool2d.
template <class T = float>
class MaxPool2d final : public Module<T> {
 public:
  /// Windows side by side: MaxPool2d(2).
  explicit MaxPool2d(Size2d kernel_size) : options_{.kernel = kernel_size} {}
  /// MaxPool2d({.kernel = 3, .stride = 2, .padding = 1}).
  explicit MaxPool2d(PoolOptions options) : options_(options) {}
  Variable<T> forward(Variable<T> x) override { return max_pool2d(x, options_); }

 private:
  PoolOptions options_;
};

/// The mean of each window: [N, H, W, C] to [N, H', W', C]; see xgrad::avg_pool2d.
template <class T = float>
class AvgPool2d final : public Module<T> {
 public:
  explicit AvgPool2d(Size2d kernel_size) : options_{.kernel = kernel_size} {}
  explicit AvgPool2d(PoolOptions options) : options_(options) {}
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
