#pragma once
// Copies between layouts: permuting, slicing, joining and padding.

#include <array>

#include <xgrad/core/tensor.hpp>

namespace xgrad::kernels {

/// Distance in elements from one index of an axis to the next.
using Strides = std::array<Index, Shape::max_rank>;

/// Those of a contiguous tensor.
Strides strides_of(const Shape& shape);

/// to[i . to_strides] = from[i . from_strides] for every index i of `shape`. No two indices may
/// share a place in `to`, and the two may not overlap.
template <class T>
void copy_strided(const Shape& shape, const T* from, const Strides& from_strides, T* to,
                  const Strides& to_strides);

/// x = value
template <class T>
void fill(Tensor<T>& x, T value);

}  // namespace xgrad::kernels
