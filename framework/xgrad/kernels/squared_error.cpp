#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/squared_error.hpp>

namespace xgrad::kernels {
namespace {

constexpr Index elements_per_chunk = 1 << 14;

}  // namespace

template <class T>
void squared_error(const Tensor<T>& a, const Tensor<T>& b, Tensor<T>& y) {
  T* const out = y.data();
  parallel_for(y.size(), elements_per_chunk, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const T d = a.data()[i] - b.data()[i];
      out[i] = d * d;
    }
  });
}

template <class T>
double squared_error_sum(const Tensor<T>& a, const Tensor<T>& b) {
  PoolArray<double> partial((a.size() + elements_per_chunk - 1) / elements_per_chunk);
  parallel_for(a.size(), elements_per_chunk, [&](Index begin, Index end) {
    double sum = 0;
    for (Index i = begin; i < end; ++i) {
      const double d = static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]);
      sum += d * d;
    }
    partial.data()[begin / elements_per_chunk] = sum;
  });
  double sum = 0;
  for (const double chunk : partial.span()) sum += chunk;
  return sum;
}

template <class T>
void squared_error_grad(const Tensor<T>& a, const Tensor<T>& b, const Tensor<T>& dy, T factor,
                        Tensor<T>& da) {
  T* const out = da.data();
  const Index step = dy.size() == 1 ? 0 : 1;
  parallel_for(da.size(), elements_per_chunk, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i)
      out[i] = factor * dy.data()[i * step] * (a.data()[i] - b.data()[i]);
  });
}

#define XGRAD_INSTANTIATE(T)                                                                \
  template void squared_error(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);              \
  template double squared_error_sum(const Tensor<T>&, const Tensor<T>&);                    \
  template void squared_error_grad(const Tensor<T>&, const Tensor<T>&, const Tensor<T>&, T, \
                                   Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
