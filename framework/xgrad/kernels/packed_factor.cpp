#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/packed_factor.hpp>
#include <xgrad/kernels/simd/bf16.hpp>
#include <xgrad/kernels/simd/level.hpp>

#include <algorithm>
#include <type_traits>

namespace xgrad::kernels {
namespace {

template <class T>
const PackedGemm<T>& plain() {
  static const auto functions =
      at_simd_level([]<class Level>() { return packed_gemm<Level, T>(); });
  return functions;
}

const Bf16Loops& bf16() {
  static const auto functions = bf16_loops();
  return functions;
}

// b [k, n], packed; along k it has so many operands.
template <class Operand, class T>
PoolArray<std::byte> pack(const PackedGemm<Operand, T>& gemm, const Factor<T>& b, Index operands) {
  constexpr Index worth_a_thread = Index{1} << 15;
  const Index panels = std::max<Index>(1, worth_a_thread / (gemm.panel * std::max<Index>(b.rows, 1)));
  const Index row_stride = b.transposed ? 1 : b.stride, col_stride = b.transposed ? b.stride : 1;
  PoolArray<std::byte> memory(gemm.packed_size(operands, b.cols) *
                              static_cast<Index>(sizeof(Operand)));
  auto* const packed = reinterpret_cast<Operand*>(memory.data());
  parallel_for(b.cols, panels * gemm.panel, [&](Index begin, Index end) {
    gemm.pack(b.data + begin * col_stride, row_stride, col_stride, b.rows, end - begin,
              packed + begin * operands);
  });
  return memory;
}

// The operands of a [rows, k], rounded; the memory is `place`.
LeftFactor<Bf16Pair> round(const Factor<float>& a, PoolArray<Bf16Pair>& place) {
  const Index pairs = pairs_of(a.cols);
  place = PoolArray<Bf16Pair>(a.rows * pairs);
  if (a.transposed) {
    bf16().round_columns(a.data, a.stride, a.cols, a.rows, place.data(), a.rows);
    return {.data = place.data(), .row_stride = 1, .step = a.rows};
  }
  for (Index r = 0; r < a.rows; ++r)
    bf16().round(a.data + r * a.stride, a.cols, place.data() + r * pairs);
  return {.data = place.data(), .row_stride = pairs};
}

}  // namespace

template <class T>
Index PackedFactor<T>::panel() {
  return plain<T>().panel;
}

template <class T>
PackedFactor<T>::PackedFactor(const Factor<T>& b)
    : k_(b.rows), n_(b.cols), rounded_(std::is_same_v<T, float> && rounds_to_bf16()) {
  if constexpr (std::is_same_v<T, float>)
    if (rounded_) memory_ = pack(bf16().gemm, b, pairs_of(k_));
  if (!rounded_) memory_ = pack(plain<T>(), b, k_);
}

template <class T>
void PackedFactor<T>::multiply(const Factor<T>& a, const T* const* start, T* c, Index c_stride,
                               std::span<const MemoryRange> upcoming) const {
  if constexpr (std::is_same_v<T, float>)
    if (rounded_) {
      PoolArray<Bf16Pair> place;
      return bf16().gemm.multiply(round(a, place), a.rows,
                                  reinterpret_cast<const Bf16Pair*>(memory_.data()), pairs_of(k_),
                                  n_, start, c, c_stride, upcoming);
    }
  const LeftFactor<T> left{.data = a.data,
                           .row_stride = a.transposed ? 1 : a.stride,
                           .step = a.transposed ? a.stride : 1};
  plain<T>().multiply(left, a.rows, reinterpret_cast<const T*>(memory_.data()), k_, n_, start, c,
                      c_stride, upcoming);
}

template class PackedFactor<float>;
template class PackedFactor<double>;

}  // namespace xgrad::kernels
