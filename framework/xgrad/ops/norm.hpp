#pragma once
// Normalisation.

#include <memory>
#include <span>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

/// Running statistics of a batch norm: what it normalises with in evaluation. Training updates both
/// tensors in place, so that other handles to them (a module's buffers) see it.
template <class T = float>
struct BatchNormStats {
  Tensor<T> running_mean;  ///< [C], starts at 0
  Tensor<T> running_var;   ///< [C], unbiased, starts at 1

  explicit BatchNormStats(Index channels)
      : running_mean(Shape{channels}), running_var(Tensor<T>::full(Shape{channels}, T(1))) {}
  /// Over existing tensors.
  BatchNormStats(Tensor<T> mean, Tensor<T> var)
      : running_mean(std::move(mean)), running_var(std::move(var)) {}
};

/// Adds up numbers over several processes, each of which has a part of the batch. All of them call
/// it equally often, with equally many numbers.
class StatisticsReducer {
 public:
  virtual ~StatisticsReducer() = default;
  /// Puts the sums over all processes in the place of this one's numbers, the same bits on each.
  virtual void sum(std::span<double> values) = 0;
};

struct BatchNormOptions {
  bool training = true;   ///< normalise by the batch and update the running statistics
  double momentum = 0.1;  ///< weight of the batch in the running statistics, 0 to 1
  double eps = 1e-5;      ///< added to the variance, > 0
  /// In training, the batch is that of all its processes, forward and backward; dgamma and dbeta
  /// stay this process's part of the sums. x may then be empty. None: the batch is x.
  std::shared_ptr<StatisticsReducer> reducer{};
};

inline constexpr OpInfo batch_norm_op{
    "batch_norm", "x, gamma, beta",
    "y = gamma xhat + beta, xhat = (x - mean) / sqrt(var + eps) per channel\n"
    "dx = gamma / sqrt(var + eps) (dy - mean(dy) - xhat mean(dy xhat)), in evaluation without the "
    "means; dgamma = sum(dy xhat), dbeta = sum(dy)"};

/// What max_pool2d makes of a batch norm that it can take along.
inline constexpr OpInfo batch_norm_max_pool2d_op{
    "batch_norm_max_pool2d", "x, gamma, beta",
    "y = the largest gamma xhat + beta of each window\n"
    "dx, dgamma, dbeta = those of batch_norm for dy at the places of the largest, else 0"};

/// Batch normalisation (Ioffe and Szegedy, 2015) over all axes but the last, the channel.
/// x: [B, C], [N, H, W, C] or any rank >= 2; gamma, beta: [C], or undefined for factor 1 and offset
/// 0. Result: the shape of x. In training by the batch's mean and biased variance, and running = (1
/// - momentum) running + momentum batch, with the unbiased variance; in evaluation by the running
/// statistics, which are then constants. Saves x. Throws ShapeError: rank < 2, or gamma, beta or
/// the statistics not [C]. ValueError: an option out of range; in training, fewer than two values
/// per channel.
template <class T>
Variable<T> batch_norm(Variable<T> x, const Variable<T>& gamma, const Variable<T>& beta,
                       BatchNormStats<T>& stats, const BatchNormOptions& options = {});

}  // namespace xgrad
