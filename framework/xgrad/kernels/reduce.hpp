#pragma once
// Sums and maxima over one axis of a [outer, n, inner] view. Float sums are accumulated in double.

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

/// out[o, i] = sum over k of x[o, k, i], divided by `divisor`. x: [outer, n, inner], out: [outer,
/// inner].
template <class T>
void sum_axis(const Tensor<T>& x, Index outer, Index n, Index inner, double divisor,
              Tensor<T>& out);

/// out[o, i] = max over k of x[o, k, i], or NaN if there is one, and where[o, i] = the flat
/// position in the original tensor of the first one. `from` holds those positions for x's elements;
/// where it is empty, x is the original. n >= 1.
template <class T>
void max_axis(const Tensor<T>& x, const PoolArray<Index>& from, Index outer, Index n, Index inner,
              Tensor<T>& out, PoolArray<Index>& where);

/// dx = 0 but for dx[where[j]] = dy[j].
template <class T>
void max_grad(const Tensor<T>& dy, const PoolArray<Index>& where, Tensor<T>& dx);

}  // namespace xgrad::kernels
