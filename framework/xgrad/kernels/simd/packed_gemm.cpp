#include <xgrad/kernels/simd/packed_gemm_loops.hpp>
#include <xgrad/kernels/transpose.hpp>

namespace xgrad::kernels {
namespace {

template <class L, class T>
void pack(const T* b, Index row_stride, Index col_stride, Index k, Index n, T* packed) {
  constexpr Index panel = panel_columns<T>;
  for (Index column = 0; column < n; column += panel, packed += panel * k) {
    const Index columns = std::min(panel, n - column);
    const T* const source = b + column * col_stride;
    if (columns < panel) std::fill_n(packed, panel * k, T(0));
    if (row_stride == 1) {
      transpose(source, col_stride, packed, panel, columns, k);
      continue;
    }
    for (Index i = 0; i < k; ++i)
      for (Index j = 0; j < columns; ++j)
        packed[i * panel + j] = source[i * row_stride + j * col_stride];
  }
}

}  // namespace

template <class L, class T>
PackedGemm<T> packed_gemm() {
  return {.panel = panel_columns<T>, .pack = pack<L, T>, .multiply = multiply<L, NumberLanes<T>>};
}

template PackedGemm<float> packed_gemm<Level, float>();
template PackedGemm<double> packed_gemm<Level, double>();

}  // namespace xgrad::kernels
