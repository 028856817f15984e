#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/optimizer.hpp>
#include <xgrad/kernels/simd/level.hpp>

namespace xgrad::kernels {
namespace {

// 64 KiB of floats per array.
constexpr Index elements_per_chunk = 1 << 14;
// A step takes ten microseconds for so many. Less is not worth waking a thread for: on two threads
// that made a training step on one image slower than on one.
constexpr Index parameters_per_chunk = 1 << 16;

template <class T>
const OptimizerLoops<T>& loops() {
  static const auto table =
      at_simd_level([]<class Level>() { return optimizer_loops<Level, T>(); });
  return table;
}

}  // namespace

template <class T>
void sgd_step(const SgdStep<T>& step, const Tensor<T>& g, Tensor<T>& p, Tensor<T>& v) {
  const T* const gs = g.data();
  T* const ps = p.data();
  T* const vs = v.defined() ? v.data() : nullptr;
  parallel_for(p.size(), parameters_per_chunk, [&](Index begin, Index end) {
    if (vs == nullptr)
      loops<T>().sgd(step, gs + begin, ps + begin, end - begin);
    else
      loops<T>().sgd_momentum(step, gs + begin, ps + begin, vs + begin, end - begin);
  });
}

template <class T>
void adam_step(const AdamStep<T>& step, const Tensor<T>& g, Tensor<T>& p, Tensor<T>& m,
               Tensor<T>& s) {
  const T* const gs = g.data();
  T* const ps = p.data();
  T* const ms = m.data();
  T* const ss = s.data();
  parallel_for(p.size(), parameters_per_chunk, [&](Index begin, Index end) {
    loops<T>().adam(step, gs + begin, ps + begin, ms + begin, ss + begin, end - begin);
  });
}

template <class T>
void scale_in_place(Tensor<T>& x, T factor) {
  T* const xs = x.data();
  parallel_for(x.size(), elements_per_chunk,
               [&](Index begin, Index end) { loops<T>().scale(factor, xs + begin, end - begin); });
}

template <class T>
void clamp_in_place(Tensor<T>& x, T bound) {
  T* const xs = x.data();
  parallel_for(x.size(), elements_per_chunk,
               [&](Index begin, Index end) { loops<T>().clamp(bound, xs + begin, end - begin); });
}

template <class T>
double sum_of_squares(const Tensor<T>& x) {
  const Index chunks = (x.size() + elements_per_chunk - 1) / elements_per_chunk;
  PoolArray<double> partial(chunks);
  parallel_for(x.size(), elements_per_chunk, [&](Index begin, Index end) {
    partial.data()[begin / elements_per_chunk] =
        loops<T>().sum_of_squares(x.data() + begin, end - begin);
  });
  double total = 0;
  for (const double sum : partial.span()) total += sum;
  return total;
}

#define XGRAD_INSTANTIATE(T)                                                            \
  template void sgd_step(const SgdStep<T>&, const Tensor<T>&, Tensor<T>&, Tensor<T>&);  \
  template void adam_step(const AdamStep<T>&, const Tensor<T>&, Tensor<T>&, Tensor<T>&, \
                          Tensor<T>&);                                                  \
  template void scale_in_place(Tensor<T>&, T);                                          \
  template void clamp_in_place(Tensor<T>&, T);                                          \
  template double sum_of_squares(const Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
