#include <cstdint>
#include <cstring>
#include <type_traits>

#include <xgrad/kernels/transpose.hpp>

namespace xgrad::kernels {
namespace {

// Vectors of 16 bytes, which every target has: wider ones interleave by halves and gain nothing
// here, where memory sets the pace.
template <class T>
struct Vector {
  static constexpr Index width = 16 / sizeof(T);
  typedef T type __attribute__((vector_size(16)));
};

// The first and the second half of a[0], b[0], a[1], b[1] ...
template <class V>
V zip_low(V a, V b) {
  if constexpr (sizeof(a[0]) == 4)
    return __builtin_shufflevector(a, b, 0, 4, 1, 5);
  else
    return __builtin_shufflevector(a, b, 0, 2);
}
template <class V>
V zip_high(V a, V b) {
  if constexpr (sizeof(a[0]) == 4)
    return __builtin_shufflevector(a, b, 2, 6, 3, 7);
  else
    return __builtin_shufflevector(a, b, 1, 3);
}

// A square of as many rows as a vector has lanes. One round interleaves row i with row i + width /
// 2, which moves one bit of the row's number into the lane's; after all rounds the two have changed
// places.
template <class T>
void transpose_square(const T* from, Index from_stride, T* to, Index to_stride) {
  using V = typename Vector<T>::type;
  constexpr Index width = Vector<T>::width;
  V rows[width];
  for (Index i = 0; i < width; ++i) std::memcpy(&rows[i], from + i * from_stride, sizeof(V));
  for (Index round = 1; round < width; round *= 2) {
    V next[width];
    for (Index i = 0; i < width / 2; ++i) {
      next[2 * i] = zip_low(rows[i], rows[i + width / 2]);
      next[2 * i + 1] = zip_high(rows[i], rows[i + width / 2]);
    }
    for (Index i = 0; i < width; ++i) rows[i] = next[i];
  }
  for (Index i = 0; i < width; ++i) std::memcpy(to + i * to_stride, &rows[i], sizeof(V));
}

}  // namespace

template <class T>
void transpose(const T* from, Index from_stride, T* to, Index to_stride, Index rows, Index cols) {
  constexpr Index width = Vector<T>::width;
  const Index whole_rows = rows / width * width, whole_cols = cols / width * width;
  for (Index r = 0; r < whole_rows; r += width)
    for (Index c = 0; c < whole_cols; c += width)
      transpose_square(from + r * from_stride + c, from_stride, to + c * to_stride + r, to_stride);
  for (Index c = 0; c < cols; ++c)
    for (Index r = c < whole_cols ? whole_rows : 0; r < rows; ++r)
      to[c * to_stride + r] = from[r * from_stride + c];
}

template void transpose(const float*, Index, float*, Index, Index, Index);
template void transpose(const double*, Index, double*, Index, Index, Index);
template void transpose(const std::uint32_t*, Index, std::uint32_t*, Index, Index, Index);

}  // namespace xgrad::kernels
