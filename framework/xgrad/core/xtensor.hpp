#pragma once
// The edge to xtensor. Kept apart from tensor.hpp so that the library's own sources, which need
// none of it, compile without xtensor's headers.

#include <algorithm>
#include <vector>

#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xnoalias.hpp>

#include <xgrad/core/tensor.hpp>

namespace xgrad {

template <class T>
template <class E>
Tensor<T>::Tensor(const xt::xexpression<E>& expression) {
  const auto& source = expression.derived_cast();
  const std::vector<Index> extents(source.shape().begin(), source.shape().end());
  *this = empty(Shape(std::span(extents)));
  auto memory = array();
  xt::noalias(memory) = xt::cast<T>(source);
}

template <class T>
template <class>
auto Tensor<T>::array() {
  return xt::adapt(data(), static_cast<std::size_t>(size_), xt::no_ownership(),
                   std::vector<std::size_t>(shape_.begin(), shape_.end()));
}

template <class T>
template <class>
auto Tensor<T>::array() const {
  return xt::adapt(data(), static_cast<std::size_t>(size_), xt::no_ownership(),
                   std::vector<std::size_t>(shape_.begin(), shape_.end()));
}

}  // namespace xgrad
