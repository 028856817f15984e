#pragma once

#include <cstdint>

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// keep[i] = value i of a stream's blocks, from `first_block` on, is at least `threshold`. The
/// blocks are those of RandomStream::block() for a stream of this key, computed many at a time.
using KeepMaskLoop = void (*)(std::uint64_t key, std::uint64_t first_block, std::uint32_t threshold,
                              std::uint8_t* keep, Index n);

/// The loop compiled for `Level`.
template <class Level>
KeepMaskLoop keep_mask_loop();

}  // namespace xgrad::kernels
