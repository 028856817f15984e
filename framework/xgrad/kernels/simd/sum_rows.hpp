#pragma once
// Sums of rows of a matrix that are picked by their numbers, as in the gradient of a table.

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// sum[j] = the sum of x[rows[k] * stride + j] over k < count, in the order of k, for j < n.
template <class T>
using SumRows = void (*)(const T* x, Index stride, const Index* rows, Index count, Index n, T* sum);

/// The loop compiled for `Level`.
template <class Level, class T>
SumRows<T> sum_rows();

}  // namespace xgrad::kernels
