#pragma once
// Pooling over the two middle axes of images [N, H, W, C].

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

/// Window of a pooling op, all in (height, width).
struct PoolOptions {
  Size2d kernel = 2;   ///< 1 to 4096
  Size2d stride = 0;   ///< 1 to 4096; 0 stands for the kernel's size
  Size2d padding = 0;  ///< on each side, at most half the kernel

  friend constexpr bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

inline constexpr OpInfo max_pool2d_op{
    "max_pool2d", "x", "y = the largest x of each window\ndx = dy at the first such x, else 0"};
inline constexpr OpInfo avg_pool2d_op{
    "avg_pool2d", "x", "y = sum of each window / places of the window\ndx = dy / places, summed"};
inline constexpr OpInfo global_avg_pool2d_op{"global_avg_pool2d", "x",
                                             "y = mean of x over H and W\ndx = dy / (H W)"};

/// Largest value of each window. x: [N, H, W, C]; result: [N, Ho, Wo, C] with
/// Ho = floor((H + 2 padding - kernel) / stride) + 1, Wo alike. Padding counts as -infinity; of
/// equal values the first in row-major order takes the gradient; a NaN in the window gives NaN.
/// Saves one byte per output (four for windows of more than 256 places), and not x. Of tanh, relu or
/// sigmoid of a temporary the maximum is taken first, and of two x with the same rounded result the
/// larger takes the gradient.
/// Throws ShapeError: not four axes, or a window larger than the padded image. ValueError: an
/// option out of range.
template <class T>
Variable<T> max_pool2d(Variable<T> x, const PoolOptions& options);

/// Mean of each window; shapes, options and errors as for max_pool2d. Padding counts as zeros that
/// are part of the mean (PyTorch's count_include_pad).
template <class T>
Variable<T> avg_pool2d(const Variable<T>& x, const PoolOptions& options);

/// Windows of `kernel` side by side: max_pool2d(x, 2).
template <class T>
Variable<T> max_pool2d(Variable<T> x, Size2d kernel) {
  return max_pool2d(std::move(x), PoolOptions{.kernel = kernel});
}
template <class T>
Variable<T> avg_pool2d(const Variable<T>& x, Size2d kernel) {
  return avg_pool2d(x, PoolOptions{.kernel = kernel});
}

/// Mean over height and width. x: [N, H, W, C]; result: [N, C].
/// Throws ShapeError for another number of axes or an image without pixels.
template <class T>
Variable<T> global_avg_pool2d(const Variable<T>& x);

}  // namespace xgrad
