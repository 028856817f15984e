#include <xgrad/core/error.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/check.hpp>

#include <fmt/format.h>

namespace xgrad::nn {
namespace {

Shape vector_shape(const char* layer, Index features) {
  check_at_least_one(layer, "features", features);
  return {features};
}

}  // namespace

template <class T>
BatchNorm<T>::BatchNorm(const char* layer, int min_rank, int max_rank, Index features, double eps,
                        double momentum)
    : weight(this->parameter("weight", Tensor<T>::full(vector_shape(layer, features), T(1)))),
      bias(this->parameter("bias", Tensor<T>(Shape{features}))),
      running_mean(this->buffer("running_mean", Tensor<T>(Shape{features}))),
      running_var(this->buffer("running_var", Tensor<T>::full({features}, T(1)))),
      num_batches_tracked(this->buffer("num_batches_tracked", Tensor<T>(Shape{}))),
      layer_(layer),
      min_rank_(min_rank),
      max_rank_(max_rank),
      eps_(eps),
      momentum_(momentum),
      stats_(running_mean, running_var) {
  if (!(eps > 0)) throw ValueError(fmt::format("{}: eps is {}: give a number above 0", layer, eps));
  if (!(momentum >= 0 && momentum <= 1))
    throw ValueError(fmt::format("{}: momentum is {}: give a number from 0 to 1", layer, momentum));
}

template <class T>
Variable<T> BatchNorm<T>::forward(Variable<T> x) {
  const int rank = x.shape().rank();
  if (rank < min_rank_ || rank > max_rank_)
    throw ShapeError(
        fmt::format("{}: an input of shape {} has {} axes, and {} are needed, the last "
                    "of them the {} channels",
                    layer_, x.shape().to_string(), rank,
                    min_rank_ == max_rank_ ? std::to_string(min_rank_)
                                           : fmt::format("{} or {}", min_rank_, max_rank_),
                    weight.size()));
  Variable<T> y = batch_norm(std::move(x), weight, bias, stats_,
                             {.training = this->is_training(),
                              .momentum = momentum_,
                              .eps = eps_,
                              .reducer = reducer_});
  if (this->is_training()) {
    Tensor<T> count = num_batches_tracked;
    count.fill(count.item() + T(1));
  }
  return y;
}

template class BatchNorm<float>;
template class BatchNorm<double>;

}  // namespace xgrad::nn
