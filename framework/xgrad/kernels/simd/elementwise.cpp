#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/elementwise.hpp>

namespace xgrad::kernels {

template <class L, class T>
ElementwiseLoops<T> elementwise_loops() {
  using B = Batch<T>;
  return {
      .tanh = [](const T* x, T* y, Index n) { map<L>(n, y, [](B v) { return xsimd::tanh(v); }, x); },
      .tanh_grad =
          [](const T* y, const T* dy, T* dx, Index n) {
            map<L>(n, dx, [](B v, B d) { return d * (B(1) - v * v); }, y, dy);
          },
  };
}

template ElementwiseLoops<float> elementwise_loops<Level, float>();
template ElementwiseLoops<double> elementwise_loops<Level, double>();

}  // namespace xgrad::kernels
