#pragma once
// Convolution of channels-last images. In float by Winograd's algorithm for 5x5 filters where that
// pays, then by oneDNN where it has a fast kernel; else, and in double, as matrix products with the
// image's patches (im2col).

#include <xgrad/core/tensor.hpp>

namespace xgrad::kernels {

/// The sizes of a convolution: x [batch, height, width, in_channels],
/// w [out_channels, kernel.h, kernel.w, in_channels / groups],
/// y [batch, out_height, out_width, out_channels]; all row-major, and at least 1 except the batch.
struct ConvShape {
  Index batch = 0;
  Index height = 1, width = 1;
  Index in_channels = 1, out_channels = 1;
  Size2d kernel = 1, stride = 1, padding = 0, dilation = 1;
  Index groups = 1;

  Index out_height() const {
    return (height + 2 * padding.h - dilation.h * (kernel.h - 1) - 1) / stride.h + 1;
  }
  Index out_width() const {
    return (width + 2 * padding.w - dilation.w * (kernel.w - 1) - 1) / stride.w + 1;
  }
  /// Inputs of one output value: the terms of its sum.
  Index patch() const { return kernel.h * kernel.w * (in_channels / groups); }

  friend bool operator==(const ConvShape&, const ConvShape&) = default;
};

/// y = x * w + b; b may be undefined.
template <class T>
void conv_forward(const ConvShape& shape, const Tensor<T>& x, const Tensor<T>& w,
                  const Tensor<T>& b, Tensor<T>& y);

/// dx from dy.
template <class T>
void conv_backward_data(const ConvShape& shape, const Tensor<T>& dy, const Tensor<T>& w,
                        Tensor<T>& dx);

/// dw from x and dy. The gradient of the bias is column_sum(dy).
template <class T>
void conv_backward_weights(const ConvShape& shape, const Tensor<T>& x, const Tensor<T>& dy,
                           Tensor<T>& dw);

}  // namespace xgrad::kernels
