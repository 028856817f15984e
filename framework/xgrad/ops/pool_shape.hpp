#pragma once
// The shape rule of pooling. Private.

#include <xgrad/ops/pool.hpp>

namespace xgrad {

namespace kernels {
struct PoolShape;
}

/// The geometry of pooling x: Ho = floor((H + 2 padding - kernel) / stride) + 1, Wo alike. Throws
/// as max_pool2d does, in the name of `op`.
kernels::PoolShape pool_shape(const char* op, const Shape& x, const PoolOptions& options);

}  // namespace xgrad
