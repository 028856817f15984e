#pragma once
// A matrix product whose right-hand factor is used many times over, as the recurrent weights are at
// every time step: it is packed once, into panels that the inner loop reads from end to end.

#include <cstddef>
#include <span>

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

using MemoryRange = std::span<const std::byte>;

template <class T>
struct PackedGemm {
  /// Columns of a panel; the last one is filled up with zeros.
  Index panel = 0;

  /// Packs B[k, n] with B[i, j] = b[i * row_stride + j * col_stride] into packed_size(k, n)
  /// elements at `packed`, 64-byte aligned.
  void (*pack)(const T* b, Index row_stride, Index col_stride, Index k, Index n,
               T* packed) = nullptr;

  /// C[r, :] = start[r] + A[r, :] B for each of the `rows` rows; with `start` null, from zero. The
  /// rows that the sums start from may be those of C. The rows of A and C lie a_stride and c_stride
  /// apart. Each element is one sum in the order of k, so it does not depend on which other rows
  /// are computed with it. While the product runs, the memory in `upcoming` is brought into the
  /// second cache.
  void (*multiply)(const T* a, Index a_stride, Index rows, const T* packed, Index k, Index n,
                   const T* const* start, T* c, Index c_stride,
                   std::span<const MemoryRange> upcoming) = nullptr;

  Index packed_size(Index k, Index n) const { return (n + panel - 1) / panel * panel * k; }
};

/// The functions compiled for `Level`.
template <class Level, class T>
PackedGemm<T> packed_gemm();

}  // namespace xgrad::kernels
