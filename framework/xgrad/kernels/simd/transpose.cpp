#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/transpose.hpp>

namespace xgrad::kernels {
namespace {

// A square of as many rows as a vector has lanes. One round interleaves row i with row i + width /
// 2, which moves one bit of the row's number into the lane's; after all rounds the two have changed
// places.
template <class L, class T>
void transpose_square(const T* from, Index from_stride, T* to, Index to_stride) {
  using B = Batch<T>;
  constexpr Index width = static_cast<Index>(B::size);
  B rows[width];
  for (Index i = 0; i < width; ++i) rows[i] = B::load_unaligned(from + i * from_stride);
  for (Index round = 1; round < width; round *= 2) {
    B next[width];
    for (Index i = 0; i < width / 2; ++i) {
      next[2 * i] = xsimd::zip_lo(rows[i], rows[i + width / 2]);
      next[2 * i + 1] = xsimd::zip_hi(rows[i], rows[i + width / 2]);
    }
    for (Index i = 0; i < width; ++i) rows[i] = next[i];
  }
  for (Index i = 0; i < width; ++i) rows[i].store_unaligned(to + i * to_stride);
}

template <class L, class T>
void transpose(const T* from, Index from_stride, T* to, Index to_stride, Index rows, Index cols) {
  constexpr Index width = static_cast<Index>(Batch<T>::size);
  const Index whole_rows = rows / width * width, whole_cols = cols / width * width;
  for (Index r = 0; r < whole_rows; r += width)
    for (Index c = 0; c < whole_cols; c += width)
      transpose_square<L>(from + r * from_stride + c, from_stride, to + c * to_stride + r,
                          to_stride);
  for (Index c = 0; c < cols; ++c)
    for (Index r = c < whole_cols ? whole_rows : 0; r < rows; ++r)
      to[c * to_stride + r] = from[r * from_stride + c];
}

}  // namespace

template <class L, class T>
TransposeLoop<T> transpose_loop() {
  return transpose<L, T>;
}

template TransposeLoop<float> transpose_loop<Level, float>();
template TransposeLoop<double> transpose_loop<Level, double>();

}  // namespace xgrad::kernels
