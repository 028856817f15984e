#pragma once

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// Loops over n elements; outputs may be one of the inputs.
template <class T>
struct ElementwiseLoops {
  using Unary = void (*)(const T* x, T* y, Index n);
  using Gradient = void (*)(const T* y, const T* dy, T* dx, Index n);

  Unary tanh = nullptr, relu = nullptr, sigmoid = nullptr, exp = nullptr, log = nullptr,
        sqrt = nullptr;
  Gradient tanh_grad = nullptr, relu_grad = nullptr, sigmoid_grad = nullptr, sqrt_grad = nullptr;
};

/// The loops compiled for `Level`.
template <class Level, class T>
ElementwiseLoops<T> elementwise_loops();

}  // namespace xgrad::kernels
