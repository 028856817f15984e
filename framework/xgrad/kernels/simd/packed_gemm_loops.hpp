#pragma once
// The loops of packed products, for the sources that compile them for a level. `Lanes` says what an
// operand is: how a vector of them is loaded, one is spread over a vector, and both are multiplied
// and added to a vector of sums.

#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/packed_gemm.hpp>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

namespace xgrad::kernels {
namespace {

/// Operands that are numbers.
template <class T>
struct NumberLanes {
  using Operand = T;
  using Sum = T;
  using Vector = Batch<T>;
  static Vector load(const T* x) { return Vector::load_aligned(x); }
  static Vector spread(const T* x) { return Vector(*x); }
  static Batch<T> multiply_add(const Vector& x, const Vector& y, const Batch<T>& sum) {
    return xsimd::fma(x, y, sum);
  }
};

// A block of C is `rows` by two vectors, held in registers while k runs: 12 x 2 of the 32 registers
// of AVX-512, 6 x 2 of 16 elsewhere. That leaves room for the two vectors of B and one element of
// A.
constexpr Index vectors = 2;
constexpr Index most_rows = std::is_same_v<Level, Avx512> ? 12 : 6;

template <class T>
constexpr Index width = static_cast<Index>(Batch<T>::size);
template <class T>
constexpr Index panel_columns = vectors* width<T>;

// Memory that is asked for on the way, half a line with each step of k: a step of a full block
// takes a CPU about as long as it takes a core to get half a line from memory.
constexpr Index upcoming_bytes_per_step = 32;
struct Upcoming {
  const std::byte* next = nullptr;
  const std::byte* last = nullptr;
};

// C[Rows, panel] = start + A[Rows, k] B[k, panel], the panel being `column` and following of C.
template <class L, class Lanes, Index Rows>
void block(const LeftFactor<typename Lanes::Operand>& a, const typename Lanes::Operand* b, Index k,
           const typename Lanes::Sum* const* start, Index column, typename Lanes::Sum* c,
           Index c_stride, Upcoming upcoming) {
  using T = typename Lanes::Sum;
  using B = Batch<T>;
  // What is about to be written is often not in the cache; it comes while k runs.
  for (Index r = 0; r < Rows; ++r)
    for (Index v = 0; v < vectors; ++v) __builtin_prefetch(c + r * c_stride + v * width<T>, 1);
  B sum[Rows][vectors];
  for (Index r = 0; r < Rows; ++r)
    for (Index v = 0; v < vectors; ++v)
      sum[r][v] = start == nullptr ? B(T(0)) : B::load_unaligned(start[r] + column + v * width<T>);
  const typename Lanes::Operand* x = a.data;
  for (Index i = 0; i < k; ++i, x += a.step, b += panel_columns<T>) {
    __builtin_prefetch(upcoming.next, 0, 2);
    upcoming.next = std::min(upcoming.next + upcoming_bytes_per_step, upcoming.last);
    const auto b0 = Lanes::load(b), b1 = Lanes::load(b + width<T>);
#pragma GCC unroll 12
    for (Index r = 0; r < Rows; ++r) {
      const auto factor = Lanes::spread(x + r * a.row_stride);
      sum[r][0] = Lanes::multiply_add(factor, b0, sum[r][0]);
      sum[r][1] = Lanes::multiply_add(factor, b1, sum[r][1]);
    }
  }
  for (Index r = 0; r < Rows; ++r)
    for (Index v = 0; v < vectors; ++v) sum[r][v].store_unaligned(c + r * c_stride + v * width<T>);
}

// The blocks for 1, 2, ... most_rows rows.
template <class L, class Lanes>
constexpr auto blocks = []<Index... R>(std::integer_sequence<Index, R...>) {
  return std::array{&block<L, Lanes, R + 1>...};
}
(std::make_integer_sequence<Index, most_rows>{});

// Hands out ranges of memory to the blocks of a product: to the last ones, so that what they bring
// is not driven out again before it is used.
class UpcomingRanges {
 public:
  UpcomingRanges(std::span<const MemoryRange> ranges, Index k, Index blocks)
      : ranges_(ranges), per_block_(static_cast<std::size_t>(k * upcoming_bytes_per_step)) {
    std::size_t pieces = 0;
    for (const MemoryRange& range : ranges) pieces += (range.size() + per_block_ - 1) / per_block_;
    wait_ = blocks - static_cast<Index>(pieces);
  }

  // For the next block; `otherwise` where there is nothing to ask for.
  Upcoming next(const void* otherwise) {
    if (wait_-- <= 0 && done_ == rest_.size()) {
      done_ = 0;
      rest_ = ranges_.empty() ? MemoryRange() : ranges_.front();
      if (!ranges_.empty()) ranges_ = ranges_.subspan(1);
    }
    if (done_ == rest_.size()) {
      const auto* const anything = static_cast<const std::byte*>(otherwise);
      return {anything, anything};
    }
    const std::size_t begin = done_;
    done_ = std::min(begin + per_block_, rest_.size());
    return {rest_.data() + begin, rest_.data() + done_ - 1};
  }

 private:
  std::span<const MemoryRange> ranges_;
  MemoryRange rest_;
  std::size_t done_ = 0, per_block_;
  Index wait_;
};

template <class L, class Lanes>
void multiply(const LeftFactor<typename Lanes::Operand>& a, Index rows,
              const typename Lanes::Operand* packed, Index k, Index n,
              const typename Lanes::Sum* const* start, typename Lanes::Sum* c, Index c_stride,
              std::span<const MemoryRange> upcoming) {
  using T = typename Lanes::Sum;
  constexpr Index panel = panel_columns<T>;
  // Row blocks of nearly the same height, rather than full ones and a flat rest.
  const Index row_blocks = (rows + most_rows - 1) / most_rows;
  UpcomingRanges ranges(upcoming, k, row_blocks * ((n + panel - 1) / panel));
  for (Index column = 0; column < n; column += panel, packed += panel * k) {
    const Index columns = std::min(panel, n - column);
    for (Index i = 0; i < row_blocks; ++i) {
      const Index begin = rows * i / row_blocks, height = rows * (i + 1) / row_blocks - begin;
      const auto compute = blocks<L, Lanes>[static_cast<std::size_t>(height - 1)];
      const T* const* const from = start == nullptr ? nullptr : start + begin;
      LeftFactor<typename Lanes::Operand> a_rows = a;
      a_rows.data += begin * a.row_stride;
      const Upcoming on_the_way = ranges.next(a_rows.data);
      T* const target = c + begin * c_stride + column;
      if (columns == panel) {
        compute(a_rows, packed, k, from, column, target, c_stride, on_the_way);
        continue;
      }
      T whole[most_rows * panel] = {};
      const T* whole_rows[most_rows];
      for (Index r = 0; r < height; ++r) {
        if (from != nullptr) std::copy_n(from[r] + column, columns, whole + r * panel);
        whole_rows[r] = whole + r * panel;
      }
      compute(a_rows, packed, k, whole_rows, 0, whole, panel, on_the_way);
      for (Index r = 0; r < height; ++r)
        std::copy_n(whole + r * panel, columns, target + r * c_stride);
    }
  }
}

}  // namespace
}  // namespace xgrad::kernels
