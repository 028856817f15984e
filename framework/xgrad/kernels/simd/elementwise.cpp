#include <limits>

#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/elementwise.hpp>

namespace xgrad::kernels {
namespace {

// Loops over n elements from functions of vectors.
template <class L, class T, class F>
auto unary(F) {
  return [](const T* x, T* y, Index n) { map<L>(n, y, F{}, x); };
}
template <class L, class T, class F>
auto gradient(F) {
  return [](const T* y, const T* dy, T* dx, Index n) { map<L>(n, dx, F{}, y, dy); };
}

// xsimd's exp gives infinity from 0.35 before the end of the range on. There x - 1 is exact.
template <class L, class T>
Batch<T> full_range_exp(Batch<T> x) {
  using B = Batch<T>;
  const auto large = x > B(sizeof(T) == 4 ? T(88) : T(709));
  const B y = xsimd::exp(xsimd::select(large, x - B(1), x));
  return xsimd::select(large, y * B(T(2.718281828459045235)), y);
}

// xsimd's log of a denormal double is off by up to 5 %; 2^54 times as much is normal.
template <class L, class T>
Batch<T> full_range_log(Batch<T> x) {
  using B = Batch<T>;
  if constexpr (sizeof(T) == 4) {
    return xsimd::log(x);
  } else {
    const auto denormal = x < B(std::numeric_limits<T>::min());
    const B y = xsimd::log(xsimd::select(denormal, x * B(0x1p54), x));
    return xsimd::select(denormal, y - B(54 * 0.69314718055994530942), y);
  }
}

}  // namespace

template <class L, class T>
ElementwiseLoops<T> elementwise_loops() {
  using B = Batch<T>;
  return {
      .tanh = unary<L, T>([](B x) { return xsimd::tanh(x); }),
      .relu = unary<L, T>([](B x) { return xsimd::select(x < B(0), B(0), x); }),
      .sigmoid = unary<L, T>([](B x) { return B(1) / (B(1) + xsimd::exp(-x)); }),
      .exp = unary<L, T>([](B x) { return full_range_exp<L, T>(x); }),
      .log = unary<L, T>([](B x) { return full_range_log<L, T>(x); }),
      .sqrt = unary<L, T>([](B x) { return xsimd::sqrt(x); }),
      .tanh_grad = gradient<L, T>([](B y, B dy) { return dy * (B(1) - y * y); }),
      .relu_grad = gradient<L, T>([](B y, B dy) { return xsimd::select(y <= B(0), B(0), dy); }),
      .sigmoid_grad = gradient<L, T>([](B y, B dy) { return dy * (y * (B(1) - y)); }),
      .sqrt_grad = gradient<L, T>([](B y, B dy) { return B(T(0.5)) * dy / y; }),
  };
}

template ElementwiseLoops<float> elementwise_loops<Level, float>();
template ElementwiseLoops<double> elementwise_loops<Level, double>();

}  // namespace xgrad::kernels
