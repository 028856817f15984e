#include <xgrad/nn/check.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops/embedding.hpp>

namespace xgrad::nn {
namespace {

template <class T>
Tensor<T> initial_table(Index rows, Index columns) {
  check_at_least_one("Embedding", "num_embeddings", rows);
  check_at_least_one("Embedding", "embedding_dim", columns);
  Tensor<T> table = Tensor<T>::empty({rows, columns});
  init::normal(table);
  return table;
}

}  // namespace

template <class T>
Embedding<T>::Embedding(Index num_embeddings, Index embedding_dim)
    : weight(this->parameter("weight", initial_table<T>(num_embeddings, embedding_dim))) {}

template <class T>
Variable<T> Embedding<T>::forward(std::span<const std::int32_t> ids) {
  return embedding(weight, ids);
}

template <class T>
Variable<T> Embedding<T>::forward(std::span<const std::int32_t> ids, const Shape& ids_shape) {
  return embedding(weight, ids, ids_shape);
}

template class Embedding<float>;
template class Embedding<double>;

}  // namespace xgrad::nn
