#pragma once
// Sums and maxima. Float sums are accumulated in double.

#include <bitset>

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/tensor.hpp>

namespace xgrad::kernels {

/// out[c] = sum over r of x[r, c]. x: `rows` by out.size(), of any shape. For bias gradients.
template <class T>
void column_sum(const Tensor<T>& x, Tensor<T>& out);
/// out[c] = sum over r of x[r, c] y[r, c].
template <class T>
void column_sum_of_product(const Tensor<T>& x, const Tensor<T>& y, Tensor<T>& out);
/// out[r] = sum over c of x[r, c]. x: out.size() rows, of any shape.
template <class T>
void row_sum(const Tensor<T>& x, Tensor<T>& out);

/// A set of axes, counted from the front.
using AxisSet = std::bitset<Shape::max_rank>;

/// out = x summed over `axes`, divided by `divisor`. The shape of out may keep the axes, with
/// extent 1, or not.
template <class T>
void sum(const Tensor<T>& x, AxisSet axes, double divisor, Tensor<T>& out);

/// out = the maxima of x over `axes`, or NaN if there is one; where[i] = the flat position in x of
/// the first one. The axes have at least one element.
template <class T>
void max(const Tensor<T>& x, AxisSet axes, Tensor<T>& out, PoolArray<Index>& where);

/// dx = 0 but for dx[where[j]] = dy[j].
template <class T>
void max_grad(const Tensor<T>& dy, const PoolArray<Index>& where, Tensor<T>& dx);

}  // namespace xgrad::kernels
