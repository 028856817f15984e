#pragma once
// Looking up rows of a table.

#include <cstdint>
#include <span>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

inline constexpr OpInfo embedding_op{
    "embedding", "weight", "y[i] = weight[ids[i]]\ndweight[v] = sum of dy[i] where ids[i] = v"};

/// Rows of a table. weight: [V, E]; ids: 0 to V - 1, copied; result: [ids_shape..., E], by default
/// [n, E] for n ids. The gradient of a row is summed in the order of the ids.
/// Throws ShapeError: weight is not a matrix, ids_shape does not hold n ids. ValueError: an id
/// outside the table.
template <class T>
Variable<T> embedding(const Variable<T>& weight, std::span<const std::int32_t> ids);
template <class T>
Variable<T> embedding(const Variable<T>& weight, std::span<const std::int32_t> ids,
                      const Shape& ids_shape);

}  // namespace xgrad
