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

}  // namespace

template <class T>
void tanh(const Tensor<T>& x, Tensor<T>& y) {
  run(loops<T>().tanh, y, x);
}

template <class T>
void tanh_grad(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx) {
  run(loops<T>().tanh_grad, dx, y, dy);
}

#define XGRAD_INSTANTIATE(T)                             \
  template void tanh(const Tensor<T>&, Tensor<T>&);      \
  template void tanh_grad(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
