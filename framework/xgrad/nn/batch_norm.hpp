#pragma once

#include <memory>
#include <utility>

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/norm.hpp>

namespace xgrad::nn {

/// Batch normalisation over the last axis, the channel; see xgrad::batch_norm. In training it uses
/// the batch's statistics and updates the running ones, in evaluation it uses those.
template <class T = float>
class BatchNorm : public Module<T> {
 public:
  /// Throws ShapeError for another number of axes than the layer is for.
  Variable<T> forward(Variable<T> x) override;

  /// From now on the statistics in training are of the batches of all of the reducer's processes;
  /// null: of this one's. See BatchNormOptions.
  void share_statistics(std::shared_ptr<StatisticsReducer> reducer) {
    reducer_ = std::move(reducer);
  }

  const Variable<T> weight;             ///< [features], starts at 1: the factor gamma
  const Variable<T> bias;               ///< [features], starts at 0: the offset beta
  const Tensor<T> running_mean;         ///< [features], starts at 0
  const Tensor<T> running_var;          ///< [features], starts at 1
  const Tensor<T> num_batches_tracked;  ///< a scalar: the batches seen in training

 protected:
  /// For inputs of `min_rank` to `max_rank` axes. Throws ValueError for features below 1, eps that
  /// is not above 0, or momentum outside [0, 1].
  BatchNorm(const char* layer, int min_rank, int max_rank, Index features, double eps,
            double momentum);

 private:
  const char* layer_;
  int min_rank_, max_rank_;
  double eps_, momentum_;
  BatchNormStats<T> stats_;
  std::shared_ptr<StatisticsReducer> reducer_;
};

/// For images [N, H, W, features].
template <class T = float>
class BatchNorm2d final : public BatchNorm<T> {
 public:
  explicit BatchNorm2d(Index features, double eps = 1e-5, double momentum = 0.1)
      : BatchNorm<T>("BatchNorm2d", 4, 4, features, eps, momentum) {}
};

/// For vectors [N, features] and sequences [N, L, features].
template <class T = float>
class BatchNorm1d final : public BatchNorm<T> {
 public:
  explicit BatchNorm1d(Index features, double eps = 1e-5, double momentum = 0.1)
      : BatchNorm<T>("BatchNorm1d", 2, 3, features, eps, momentum) {}
};

extern template class BatchNorm<float>;
extern template class BatchNorm<double>;

}  // namespace xgrad::nn
