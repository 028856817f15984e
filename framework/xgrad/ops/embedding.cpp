#include <xgrad/autograd/record.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/embedding.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/embedding.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace xgrad {
namespace {

void check(const Shape& weight, std::span<const std::int32_t> ids, const Shape& ids_shape) {
  if (weight.rank() != 2)
    throw ShapeError(
        fmt::format("embedding: weight has shape {}, but a table is [V, E]: one row for "
                    "each id",
                    weight.to_string()));
  if (ids_shape.elements() != static_cast<Index>(ids.size()))
    throw ShapeError(
        fmt::format("embedding: {} ids do not make ids_shape {}: give one id per element",
                    ids.size(), ids_shape.to_string()));
  if (ids_shape.rank() == Shape::max_rank)
    throw ShapeError(
        fmt::format("embedding: ids_shape {} leaves no room for the axis of the rows: "
                    "use {} axes at most",
                    ids_shape.to_string(), Shape::max_rank - 1));
  const auto outside = [&](std::int32_t id) { return id < 0 || id >= weight[0]; };
  if (const auto bad = std::find_if(ids.begin(), ids.end(), outside); bad != ids.end())
    throw ValueError(
        fmt::format("embedding: ids[{}] = {} is outside the table of {} rows: use 0 to "
                    "{}, or a larger weight",
                    bad - ids.begin(), *bad, weight[0], weight[0] - 1));
}

}  // namespace

// y[i] = weight[ids[i]]; dweight[v] = sum of dy[i] where ids[i] = v. Saves a copy of the ids.
template <class T>
Variable<T> embedding(const Variable<T>& weight, std::span<const std::int32_t> ids,
                      const Shape& ids_shape) {
  check_defined(embedding_op, weight);
  check(weight.shape(), ids, ids_shape);
  std::array<Index, Shape::max_rank> extents;
  *std::copy(ids_shape.begin(), ids_shape.end(), extents.begin()) = weight.shape(1);
  Tensor<T> y = Tensor<T>::empty(Shape(std::span(extents.data(), ids_shape.size() + 1)));
  kernels::embedding(weight.value(), ids, y);
  PoolArray<std::int32_t> saved(static_cast<Index>(ids.size()));
  std::copy(ids.begin(), ids.end(), saved.data());
  return record(embedding_op, {weight}, y, [ids = std::move(saved)](Backward<T>& b) mutable {
    kernels::embedding_grad(b.dy(), ids.span(), b.dx(0));
  });
}

template <class T>
Variable<T> embedding(const Variable<T>& weight, std::span<const std::int32_t> ids) {
  return embedding(weight, ids, Shape{ids.size()});
}

#define XGRAD_INSTANTIATE(T)                                                         \
  template Variable<T> embedding(const Variable<T>&, std::span<const std::int32_t>); \
  template Variable<T> embedding(const Variable<T>&, std::span<const std::int32_t>, const Shape&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
