#pragma once

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/simd/packed_gemm.hpp>

#include <span>

namespace xgrad::kernels {

/// The right-hand factor of many products, packed once: rounded to bfloat16 where rounds_to_bf16(),
/// as are then the left-hand factors.
template <class T>
class PackedFactor {
 public:
  PackedFactor() = default;
  explicit PackedFactor(const Factor<T>& b);

  /// Columns worth a panel; where they are not a multiple of it, zeros are multiplied along.
  static Index panel();

  /// C[r, :] = start[r] + A[r, :] B; with `start` null, from zero. For the bodies of parallel_for:
  /// on the calling thread. The rest as in PackedGemm::multiply.
  void multiply(const Factor<T>& a, const T* const* start, T* c, Index c_stride,
                std::span<const MemoryRange> upcoming = {}) const;

 private:
  Index k_ = 0, n_ = 0;
  bool rounded_ = false;
  PoolArray<std::byte> memory_;
};

}  // namespace xgrad::kernels
