#pragma once
// Convolutions of channels-last data: cross-correlations, as in all of deep learning.

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

inline constexpr OpInfo conv2d_op{
    "conv2d", "x, w, b",
    "y[n,i,j,o] = sum_{u,v,c} x[n, s i + d u - p, s j + d v - p, c] w[o,u,v,c] + b[o]\n"
    "dx: dy spread back by w; dw[o,u,v,c] = sum_{n,i,j} dy[n,i,j,o] x[...]; db = sum_{n,i,j} dy"};
inline constexpr OpInfo conv1d_op{
    "conv1d", "x, w, b",
    "y[n,i,o] = sum_{u,c} x[n, s i + d u - p, c] w[o,u,c] + b[o]\n"
    "dx: dy spread back by w; dw[o,u,c] = sum_{n,i} dy[n,i,o] x[...]; db = sum_{n,i} dy"};

/// No option may be larger than 2^20.
struct Conv2dOptions {
  Size2d stride = 1;    ///< at least 1
  Size2d padding = 0;   ///< zeros on either side, at least 0
  Size2d dilation = 1;  ///< distance of the kernel's taps, at least 1
  Index groups = 1;     ///< output channels are cut into groups, each sees its share of the input's
};

struct Conv1dOptions {
  Index stride = 1;
  Index padding = 0;
  Index dilation = 1;
  Index groups = 1;
};

/// x [N, H, W, C], w [O, kh, kw, C/groups], b [O] or absent -> [N, H', W', O] with
/// H' = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1, and W' alike. H' and W' are at
/// least 1. The gradient of x is computed only where it is needed.
/// Throws ShapeError if the shapes do not fit together, ValueError for an option outside its range.
template <class T>
Variable<T> conv2d(const Variable<T>& x, const Variable<T>& w,
                   const std::type_identity_t<Variable<T>>& b = {},
                   const Conv2dOptions& options = {});

/// x [N, L, C], w [O, k, C/groups], b [O] or absent -> [N, L', O], as conv2d over one axis.
template <class T>
Variable<T> conv1d(const Variable<T>& x, const Variable<T>& w,
                   const std::type_identity_t<Variable<T>>& b = {},
                   const Conv1dOptions& options = {});

}  // namespace xgrad
