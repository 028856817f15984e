#pragma once
// The ways to convolve that conv.cpp chooses from. Pointers to the bias and to gradients that
// are not wanted may be null.

#include <xgrad/kernels/conv.hpp>

namespace xgrad::kernels {

/// Extent of the chunks that `n` equal parts are cut into, each of them costing so many
/// multiplications: enough of them to be worth a thread, and few chunks in all.
Index chunk_for(Index n, Index multiplications);

/// Images per chunk.
Index images_per_chunk(const ConvShape& shape);

/// sum[i] = partials[i] + partials[n + i] + ..., `count` of them in this order, for 0 <= i < n.
template <class T>
void sum_partials(const T* partials, Index count, Index n, T* sum);

/// As matrix products with the image's patches. Takes any shape.
namespace im2col {

template <class T>
void forward(const ConvShape& shape, const T* x, const T* w, const T* b, T* y);
template <class T>
void backward_data(const ConvShape& shape, const T* dy, const T* w, T* dx);
template <class T>
void backward_weights(const ConvShape& shape, const T* x, const T* dy, T* dw);

}  // namespace im2col

/// As sums over the windows of each row of pixels, in vectors of channels.
namespace direct {

/// Takes one group without dilation; with few pixels in a row it is slow.
bool fits(const ConvShape& shape);
/// The width of its vectors.
template <class T>
Index vector_width();
/// The share of the lanes of its vectors that the input's gradient fills, and of their time that it
/// multiplies in.
template <class T>
double backward_data_use(const ConvShape& shape);

template <class T>
void forward(const ConvShape& shape, const T* x, const T* w, const T* b, T* y);
template <class T>
void backward_data(const ConvShape& shape, const T* dy, const T* w, T* dx);
template <class T>
void backward_weights(const ConvShape& shape, const T* x, const T* dy, T* dw);

}  // namespace direct

/// By Winograd's algorithm, 5x5 filters only. False, and nothing done, where that does not pay.
namespace winograd {

bool forward(const ConvShape& shape, const float* x, const float* w, const float* b, float* y);
bool backward_data(const ConvShape& shape, const float* dy, const float* w, float* dx);
bool backward_weights(const ConvShape& shape, const float* x, const float* dy, float* dw);

}  // namespace winograd

/// By oneDNN's primitives. False, and nothing done, for a shape that it has no fast kernel for.
namespace onednn {

bool forward(const ConvShape& shape, const float* x, const float* w, const float* b, float* y);
bool backward_data(const ConvShape& shape, const float* dy, const float* w, float* dx);
bool backward_weights(const ConvShape& shape, const float* x, const float* dy, float* dw);

}  // namespace onednn
}  // namespace xgrad::kernels
