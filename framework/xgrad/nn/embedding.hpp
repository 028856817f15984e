#pragma once

#include <cstdint>
#include <span>

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// A table of vectors, looked up by ids: n ids give [n, embedding_dim]; see xgrad::embedding.
template <class T = float>
class Embedding final : public Module<T> {
 public:
  /// The table starts standard normal. Throws ValueError for a count below 1.
  Embedding(Index num_embeddings, Index embedding_dim);

  using Module<T>::forward;
  using Module<T>::operator();
  Variable<T> forward(std::span<const std::int32_t> ids);
  Variable<T> operator()(std::span<const std::int32_t> ids) { return forward(ids); }
  /// Ids of any shape, for sequences [T, B]: gives [T, B, embedding_dim].
  Variable<T> forward(std::span<const std::int32_t> ids, const Shape& ids_shape);
  Variable<T> operator()(std::span<const std::int32_t> ids, const Shape& ids_shape) {
    return forward(ids, ids_shape);
  }

  const Variable<T> weight;  ///< [num_embeddings, embedding_dim]
};

extern template class Embedding<float>;
extern template class Embedding<double>;

}  // namespace xgrad::nn
