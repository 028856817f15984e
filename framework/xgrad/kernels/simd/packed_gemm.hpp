#pragma once
// A matrix product whose right-hand factor is used many times over, as the recurrent weights are at
// every time step: it is packed once, into panels that the inner loop reads from end to end.

#include <cstddef>
#include <span>

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

using MemoryRange = std::span<const std::byte>;

/// Operand (r, i) lies at data[r row_stride + i step].
template <class Operand>
struct LeftFactor {
  const Operand* data = nullptr;
  Index row_stride = 0, step = 1;
};

/// Products of `Operand`s, added up in `Sum`s. An operand may hold more than one number of its row
/// or column; k counts operands.
template <class Operand, class Sum = Operand>
struct PackedGemm {
  /// Columns of a panel; the last one is filled up with zeros.
  Index panel = 0;

  /// Packs B[k, n] of numbers with B[i, j] = b[i * row_stride + j * col_stride], one of the strides
  /// being 1, into the operands at `packed`, 64-byte aligned, packed_size() of them.
  void (*pack)(const Sum* b, Index row_stride, Index col_stride, Index k, Index n,
               Operand* packed) = nullptr;

  /// C[r, :] = start[r] + A[r, :] B for each of the `rows` rows; with `start` null, from zero. The
  /// rows that the sums start from may be those of C, which lie c_stride apart. Each element is one
  /// sum in the order of k, so it does not depend on which other rows are computed with it. While
  /// the product runs, the memory in `upcoming` is brought into the second cache.
  void (*multiply)(const LeftFactor<Operand>& a, Index rows, const Operand* packed, Index k,
                   Index n, const Sum* const* start, Sum* c, Index c_stride,
                   std::span<const MemoryRange> upcoming) = nullptr;

  Index packed_size(Index k, Index n) const { return (n + panel - 1) / panel * panel * k; }
};

/// The functions compiled for `Level`.
template <class Level, class T>
PackedGemm<T> packed_gemm();

}  // namespace xgrad::kernels
