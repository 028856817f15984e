#include <xgrad/kernels/simd/arithmetic.hpp>
#include <xgrad/kernels/simd/batch.hpp>

namespace xgrad::kernels {
namespace {

// Plain loops: these operations round the same in scalar and in vector code. ivdep: y may be an
// operand, but then element by element.
template <class L, class T, class F>
auto loop(F) {
  using Operand = typename ArithmeticLoops<T>::Operand;
  return [](Operand a, Operand b, T* y, Index rows, Index cols) {
    const F f{};
    for (Index r = 0; r < rows; ++r, y += cols) {
      const T *p = a.data + r * a.row, *q = b.data + r * b.row;
      if (a.col != 0 && b.col != 0) {
#pragma GCC ivdep
        for (Index c = 0; c < cols; ++c) y[c] = f(p[c], q[c]);
      } else if (a.col != 0) {
        const T right = *q;
#pragma GCC ivdep
        for (Index c = 0; c < cols; ++c) y[c] = f(p[c], right);
      } else if (b.col != 0) {
        const T left = *p;
#pragma GCC ivdep
        for (Index c = 0; c < cols; ++c) y[c] = f(left, q[c]);
      } else {
        const T value = f(*p, *q);
        for (Index c = 0; c < cols; ++c) y[c] = value;
      }
    }
  };
}

}  // namespace

template <class L, class T>
ArithmeticLoops<T> arithmetic_loops() {
  return {
      .add = loop<L, T>([](T a, T b) { return a + b; }),
      .sub = loop<L, T>([](T a, T b) { return a - b; }),
      .mul = loop<L, T>([](T a, T b) { return a * b; }),
      .div = loop<L, T>([](T a, T b) { return a / b; }),
      .neg_div = loop<L, T>([](T a, T b) { return -(a / b); }),
  };
}

template ArithmeticLoops<float> arithmetic_loops<Level, float>();
template ArithmeticLoops<double> arithmetic_loops<Level, double>();

}  // namespace xgrad::kernels
