#include <algorithm>
#include <array>

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/arithmetic.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/simd/arithmetic.hpp>
#include <xgrad/kernels/simd/level.hpp>

namespace xgrad::kernels {
namespace {

constexpr Index elements_per_chunk = 1 << 14;

template <class T>
const ArithmeticLoops<T>& loops() {
  static const auto table =
      at_simd_level([]<class Level>() { return arithmetic_loops<Level, T>(); });
  return table;
}

// The extent of axis `axis` of `y` in an operand that is aligned with it at the last axis.
Index aligned_extent(const Shape& operand, const Shape& y, int axis) {
  const int own = axis - (y.rank() - operand.rank());
  return own < 0 ? 1 : operand.begin()[own];
}

// The loops over y that remain when axes that both operands pass in one stride are merged:
// innermost first, at least two.
struct Nest {
  struct Loop {
    Index extent = 1;
    Index a = 0, b = 0;  // strides; 0: repeated
  };
  std::array<Loop, Shape::max_rank + 2> loops{};
  std::size_t depth = 0;

  Nest(const Shape& a, const Shape& b, const Shape& y) {
    Index a_stride = 1, b_stride = 1;
    for (int axis = y.rank() - 1; axis >= 0; --axis) {
      const Index extent = y.begin()[axis];
      if (extent == 1) continue;
      const bool in_a = aligned_extent(a, y, axis) != 1, in_b = aligned_extent(b, y, axis) != 1;
      if (depth > 0 && (loops[depth - 1].a != 0) == in_a && (loops[depth - 1].b != 0) == in_b) {
        loops[depth - 1].extent *= extent;
      } else {
        loops[depth++] = {extent, in_a ? a_stride : 0, in_b ? b_stride : 0};
      }
      if (in_a) a_stride *= extent;
      if (in_b) b_stride *= extent;
    }
    depth = std::max<std::size_t>(depth, 2);
  }
};

// A chunk is a range of y's elements: part of a row, whole rows, part of a row, for each of the
// matrices that the two innermost loops make up.
template <class T>
void run_chunk(typename ArithmeticLoops<T>::Loop loop, const Nest& nest, const T* a, const T* b,
               T* y, Index begin, Index end) {
  const auto &inner = nest.loops[0], &outer = nest.loops[1];
  while (begin < end) {
    const Index col = begin % inner.extent, row = begin / inner.extent % outer.extent;
    Index a_at = col * inner.a + row * outer.a, b_at = col * inner.b + row * outer.b;
    Index rest = begin / inner.extent / outer.extent;
    for (std::size_t i = 2; i < nest.depth; ++i) {
      const Index index = rest % nest.loops[i].extent;
      rest /= nest.loops[i].extent;
      a_at += index * nest.loops[i].a;
      b_at += index * nest.loops[i].b;
    }
    const Index rows = std::min((end - begin) / inner.extent, outer.extent - row);
    const bool whole_rows = col == 0 && rows > 0;
    const Index cols = whole_rows ? inner.extent : std::min(inner.extent - col, end - begin);
    loop({a + a_at, outer.a, inner.a}, {b + b_at, outer.b, inner.b}, y + begin,
         whole_rows ? rows : 1, cols);
    begin += (whole_rows ? rows : 1) * cols;
  }
}

template <class T>
void run(typename ArithmeticLoops<T>::Loop loop, const Tensor<T>& a, const Tensor<T>& b,
         Tensor<T>& y) {
  const T *p = a.data(), *q = b.data();
  T* const out = y.data();
  if (a.shape() == y.shape() && b.shape() == y.shape()) {
    parallel_for(y.size(), elements_per_chunk, [=](Index begin, Index end) {
      loop({p + begin, 0, 1}, {q + begin, 0, 1}, out + begin, 1, end - begin);
    });
    return;
  }
  const Nest nest(a.shape(), b.shape(), y.shape());
  parallel_for(y.size(), elements_per_chunk,
               [&](Index begin, Index end) { run_chunk<T>(loop, nest, p, q, out, begin, end); });
}

// Tensor op number, or with `swapped` number op tensor.
template <bool swapped = false, class T>
void run_scalar(typename ArithmeticLoops<T>::Loop loop, const Tensor<T>& x, T s, Tensor<T>& y) {
  const T* const in = x.data();
  T* const out = y.data();
  parallel_for(y.size(), elements_per_chunk, [=](Index begin, Index end) {
    if constexpr (swapped)
      loop({&s, 0, 0}, {in + begin, 0, 1}, out + begin, 1, end - begin);
    else
      loop({in + begin, 0, 1}, {&s, 0, 0}, out + begin, 1, end - begin);
  });
}

// The axes of x along which `out` is repeated.
AxisSet repeated_axes(const Shape& out, const Shape& x) {
  AxisSet axes;
  for (int axis = 0; axis < x.rank(); ++axis)
    axes[static_cast<std::size_t>(axis)] = aligned_extent(out, x, axis) == 1;
  return axes;
}

// `out` repeats over leading axes of x only: x is a matrix with a row per repetition.
bool repeats_rows(const Shape& out, const Shape& x) {
  bool leading = true;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (x.begin()[axis] == 1) continue;
    const bool repeated = aligned_extent(out, x, axis) == 1;
    if (repeated && !leading) return false;
    leading = repeated;
  }
  return true;
}

}  // namespace

template <class T>
void add(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y) {
  run(loops<T>().add, a, b, y);
}
template <class T>
void sub(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y) {
  run(loops<T>().sub, a, b, y);
}
template <class T>
void mul(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y) {
  run(loops<T>().mul, a, b, y);
}
template <class T>
void div(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y) {
  run(loops<T>().div, a, b, y);
}
template <class T>
void neg_div(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y) {
  run(loops<T>().neg_div, a, b, y);
}

template <class T>
void add(const Tensor<T>& x, std::type_identity_t<T> s, Tensor<T>& y) {
  run_scalar(loops<T>().add, x, s, y);
}
template <class T>
void sub(std::type_identity_t<T> s, const Tensor<T>& x, Tensor<T>& y) {
  run_scalar<true>(loops<T>().sub, x, s, y);
}
template <class T>
void mul(const Tensor<T>& x, std::type_identity_t<T> s, Tensor<T>& y) {
  run_scalar(loops<T>().mul, x, s, y);
}
template <class T>
void div(const Tensor<T>& x, std::type_identity_t<T> s, Tensor<T>& y) {
  run_scalar(loops<T>().div, x, s, y);
}
template <class T>
void div(std::type_identity_t<T> s, const Tensor<T>& x, Tensor<T>& y) {
  run_scalar<true>(loops<T>().div, x, s, y);
}

template <class T>
void sum_to(const Tensor<T>& x, Tensor<T>& out) {
  sum(x, repeated_axes(out.shape(), x.shape()), 1, out);
}

template <class T>
void sum_of_product_to(const Tensor<T>& x, const Tensor<T>& y, Tensor<T>& out) {
  if (x.shape() == y.shape() && repeats_rows(out.shape(), x.shape()))
    return column_sum_of_product(x, y, out);
  Tensor<T> product = Tensor<T>::empty(x.shape());
  mul(x, y, product);
  sum_to(product, out);
}

#define XGRAD_INSTANTIATE(T)                                                \
  template void add(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);        \
  template void sub(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);        \
  template void mul(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);        \
  template void div(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);        \
  template void neg_div(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);    \
  template void add(const Tensor<T>&, std::type_identity_t<T>, Tensor<T>&); \
  template void sub(std::type_identity_t<T>, const Tensor<T>&, Tensor<T>&); \
  template void mul(const Tensor<T>&, std::type_identity_t<T>, Tensor<T>&); \
  template void div(const Tensor<T>&, std::type_identity_t<T>, Tensor<T>&); \
  template void div(std::type_identity_t<T>, const Tensor<T>&, Tensor<T>&); \
  template void sum_to(const Tensor<T>&, Tensor<T>&);                       \
  template void sum_of_product_to(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
