#pragma once

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// to[c to_stride + r] = from[r from_stride + c] for r < rows, c < cols.
template <class T>
using TransposeLoop = void (*)(const T* from, Index from_stride, T* to, Index to_stride, Index rows,
                               Index cols);

/// The loop compiled for `Level`.
template <class Level, class T>
TransposeLoop<T> transpose_loop();

}  // namespace xgrad::kernels
