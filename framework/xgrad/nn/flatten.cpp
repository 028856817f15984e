#include <xgrad/nn/flatten.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad::nn {

template <class T>
Variable<T> Flatten<T>::forward(Variable<T> x) {
  const int rank = x.shape().rank();
  if (order_ == FlattenOrder::channels_last || rank <= 2) return flatten(x);
  Axes axes{0, rank - 1};
  for (int axis = 1; axis < rank - 1; ++axis) axes.push_back(axis);
  return flatten(permute(x, axes));
}

template class Flatten<float>;
template class Flatten<double>;

}  // namespace xgrad::nn
