#pragma once

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// Loops over a matrix y of `rows` by `cols`, contiguous. Element (r, c) of an operand lies at
/// r row + c col, where col is 0 or 1. y may be an operand of its own layout.
template <class T>
struct ArithmeticLoops {
  struct Operand {
    const T* data = nullptr;
    Index row = 0, col = 0;
  };
  using Loop = void (*)(Operand a, Operand b, T* y, Index rows, Index cols);

  Loop add = nullptr, sub = nullptr, mul = nullptr, div = nullptr;
  Loop neg_div = nullptr;  ///< -(a / b)
};

/// The loops compiled for `Level`.
template <class Level, class T>
ArithmeticLoops<T> arithmetic_loops();

}  // namespace xgrad::kernels
