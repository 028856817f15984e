#pragma once

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// Loops over n elements; outputs may be one of the inputs.
template <class T>
struct ElementwiseLoops {
  void (*tanh)(const T* x, T* y, Index n);
  void (*tanh_grad)(const T* y, const T* dy, T* dx, Index n);
};

/// The loops compiled for `Level`.
template <class Level, class T>
ElementwiseLoops<T> elementwise_loops();

}  // namespace xgrad::kernels
