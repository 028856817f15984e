#pragma once

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// to[c to_stride + r] = from[r from_stride + c] for r < rows, c < cols. On the calling thread.
template <class T>
void transpose(const T* from, Index from_stride, T* to, Index to_stride, Index rows, Index cols);

}  // namespace xgrad::kernels
