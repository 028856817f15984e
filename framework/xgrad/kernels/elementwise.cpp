#include <cmath>
#include <limits>

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/elementwise.hpp>
#include <xgrad/kernels/simd/elementwise.hpp>
#include <xgrad/kernels/simd/level.hpp>

namespace xgrad::kernels {
namespace {

// 64 KiB of floats: long enough to be worth a thread, short enough to stay in its cache.
constexpr Index elements_per_chunk = 1 << 14;

template <class T>
const ElementwiseLoops<T>& loops() {
  static const auto table =
      at_simd_level([]<class Level>() { return elementwise_loops<Level, T>(); });
  return table;
}

// loop(inputs..., output, n), cut into chunks.
template <class Loop, class T, class... Inputs>
void run(Loop loop, Tensor<T>& out, const Tensor<Inputs>&... in) {
  T* const to = out.data();
  parallel_for(out.size(), elements_per_chunk, [&](Index begin, Index end) {
    loop(in.data() + begin..., to + begin, end - begin);
  });
}

// With denormals flushed the C library's pow makes nonsense of them: they are zeros then.
template <class T>
T power(T x, T p, bool flush) {
  if (flush && std::abs(x) < std::numeric_limits<T>::min()) x = std::copysign(T(0), x);
  return std::pow(x, p);
}

}  // namespace

template <class T>
void tanh(const Tensor<T>& x, Tensor<T>& y) {
  run(loops<T>().tanh, y, x);
}

template <class T>
void tanh_grad(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx) {
  run(loops<T>().tanh_grad, dx, y, dy);
}

template <class T>
void relu(const Tensor<T>& x, Tensor<T>& y) {
  run(loops<T>().relu, y, x);
}

template <class T>
void relu_grad(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx) {
  run(loops<T>().relu_grad, dx, y, dy);
}

template <class T>
void sigmoid(const Tensor<T>& x, Tensor<T>& y) {
  run(loops<T>().sigmoid, y, x);
}

template <class T>
void sigmoid_grad(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx) {
  run(loops<T>().sigmoid_grad, dx, y, dy);
}

template <class T>
void exp(const Tensor<T>& x, Tensor<T>& y) {
  run(loops<T>().exp, y, x);
}

template <class T>
void log(const Tensor<T>& x, Tensor<T>& y) {
  run(loops<T>().log, y, x);
}

template <class T>
void sqrt(const Tensor<T>& x, Tensor<T>& y) {
  run(loops<T>().sqrt, y, x);
}

template <class T>
void sqrt_grad(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx) {
  run(loops<T>().sqrt_grad, dx, y, dy);
}

// Squares are most of the powers in use.
template <class T>
void pow(const Tensor<T>& x, std::type_identity_t<T> p, Tensor<T>& y) {
  run(
      [p, flush = flush_denormals()](const T* in, T* out, Index n) {
        if (p == 2)
          for (Index i = 0; i < n; ++i) out[i] = in[i] * in[i];
        else
          for (Index i = 0; i < n; ++i) out[i] = power(in[i], p, flush);
      },
      y, x);
}

template <class T>
void pow_grad(const Tensor<T>& x, std::type_identity_t<T> p, const Tensor<T>& dy, Tensor<T>& dx) {
  run(
      [p, flush = flush_denormals()](const T* in, const T* dout, T* din, Index n) {
        if (p == 0)
          for (Index i = 0; i < n; ++i) din[i] = 0;
        else if (p == 2)
          for (Index i = 0; i < n; ++i) din[i] = dout[i] * (2 * in[i]);
        else
          for (Index i = 0; i < n; ++i) din[i] = dout[i] * (p * power(in[i], p - 1, flush));
      },
      dx, x, dy);
}

#define XGRAD_INSTANTIATE(T)                                                  \
  template void tanh(const Tensor<T>&, Tensor<T>&);                           \
  template void tanh_grad(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);    \
  template void relu(const Tensor<T>&, Tensor<T>&);                           \
  template void relu_grad(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);    \
  template void sigmoid(const Tensor<T>&, Tensor<T>&);                        \
  template void sigmoid_grad(const Tensor<T>&, const Tensor<T>&, Tensor<T>&); \
  template void exp(const Tensor<T>&, Tensor<T>&);                            \
  template void log(const Tensor<T>&, Tensor<T>&);                            \
  template void sqrt(const Tensor<T>&, Tensor<T>&);                           \
  template void sqrt_grad(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);    \
  template void pow(const Tensor<T>&, std::type_identity_t<T>, Tensor<T>&);   \
  template void pow_grad(const Tensor<T>&, std::type_identity_t<T>, const Tensor<T>&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
