#include <xgrad/core/error.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/ops/dropout.hpp>

#include <fmt/format.h>

namespace xgrad::nn {

template <class T>
Dropout<T>::Dropout(double p) : p_(p) {
  if (!(p >= 0 && p < 1))
    throw ValueError(
        fmt::format("Dropout: p is {}: give a probability of at least 0 and below 1", p));
}

template <class T>
Variable<T> Dropout<T>::forward(Variable<T> x) {
  return dropout(std::move(x), p_, this->is_training());
}

template class Dropout<float>;
template class Dropout<double>;

}  // namespace xgrad::nn
