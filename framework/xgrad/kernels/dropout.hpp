#pragma once

#include <cstdint>

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/tensor.hpp>

namespace xgrad::kernels {

/// keep[i] = 0 with probability p, else 1; from value i % 4 of block first_block + i / 4 of
/// `random`.
void dropout_mask(const RandomStream& random, std::uint64_t first_block, double p,
                  PoolArray<std::uint8_t>& keep);

/// y[i] = x[i] keep[i] scale. y may share memory with x.
template <class T>
void dropout(const Tensor<T>& x, const PoolArray<std::uint8_t>& keep, T scale, Tensor<T>& y);

}  // namespace xgrad::kernels
