// Apart from init.cpp, since xtensor-blas takes long to compile.

#include <xgrad/nn/init.hpp>

#include <algorithm>
#include <utility>

#include <xtensor-blas/xlinalg.hpp>

#include <xgrad/core/parallel.hpp>
#include <xgrad/core/xtensor.hpp>

namespace xgrad::nn::init {

template <class T>
void orthogonal(Tensor<T> weight, double gain) {
  fans_of(weight.shape());  // checks the shape
  if (weight.size() == 0) return;
  const Index rows = weight.shape(0), columns = weight.size() / rows;
  const Index longer = std::max(rows, columns), shorter = std::min(rows, columns);
  Tensor<double> gaussian = Tensor<double>::empty({longer, shorter});
  normal(gaussian);
  // In one chunk, so that LAPACK runs on one thread and its sums are always the same.
  parallel_for(1, 1, [&](Index, Index) {
    const xt::xarray<double> matrix = gaussian.array();
    const auto [q, r] = xt::linalg::qr(matrix);
    // With the signs of R's diagonal made positive, Q is uniform over all such matrices: Mezzadri,
    // "How to generate random matrices from the classical compact groups", Notices of the AMS 2007.
    T* out = weight.data();
    for (Index i = 0; i < longer; ++i)
      for (Index j = 0; j < shorter; ++j) {
        const double value = r(j, j) < 0 ? -q(i, j) : q(i, j);
        out[rows >= columns ? i * columns + j : j * columns + i] = static_cast<T>(gain * value);
      }
  });
}

template void orthogonal(Tensor<float>, double);
template void orthogonal(Tensor<double>, double);

}  // namespace xgrad::nn::init
