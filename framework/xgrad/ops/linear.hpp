#pragma once
// Matrix products.

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

inline constexpr OpInfo linear_op{
    "linear", "x, w, b",
    "y[r,o] = sum_i x[r,i] w[o,i] + b[o]\ndx = dy w; dw = dy^T x; db = sum over rows of dy"};
inline constexpr OpInfo matmul_op{"matmul", "a, b",
                                  "y = a b\nda = dy b^T; db = a^T dy, for each pair of matrices"};

/// The affine map of each vector along the last axis: x [..., in], w [out, in], b [out] or absent.
/// Shape: that of x with `out` in place of `in`; a vector [in] gives [out].
/// Throws ShapeError if these do not fit together.
template <class T>
Variable<T> linear(const Variable<T>& x, const Variable<T>& w,
                   const std::type_identity_t<Variable<T>>& b = {});

/// The product of matrices, as NumPy's: [m, k] and [k, n] give [m, n]; with the same leading axes
/// on both, [..., m, k] and [..., k, n] give [..., m, n], a product for each pair of matrices.
/// Throws ShapeError otherwise: vectors and leading axes that differ are to be reshaped first.
template <class T>
Variable<T> matmul(const Variable<T>& a, const Variable<T>& b);

}  // namespace xgrad
