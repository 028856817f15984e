#pragma once
// The loops of Winograd's convolution F(2x2, 5x5): 2x2 outputs of a 5x5 filter from 6x6 inputs with
// 36 products instead of 100. Larger tiles need still fewer, and F(4x4, 5x5), with a sixth, made
// lenet_bn another 1.3 times as fast; but its errors are six times those of the sums themselves, and
// a gradient in tests/golden was off by more than is allowed. With g a filter, d a tile of inputs, and * elementwise,
//   y = A^T [(G g G^T) * (B^T d B)] A,   summed over channels before the outer transform
// (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016, section 4). Its
// transpose is the gradient of the filter, G^T [(A dy A^T) * (B^T d B)] G, summed over tiles.

#include <cstddef>
#include <span>

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

namespace winograd {
constexpr Index kernel = 5, outputs = 2;
constexpr Index tile = kernel + outputs - 1;  ///< inputs that the outputs of a tile see
constexpr Index points = tile * tile;         ///< numbers of a transformed tile or filter
}  // namespace winograd

/// A channels-last image. Outputs of tile (i, j) start at (2 i, 2 j), its inputs `padding` before.
struct WinogradImage {
  Index height = 0, width = 0, channels = 0;
  Size2d padding = 0;
  Index tile_columns = 0;
};

/// Transformed data, a matrix for each point: row r of point p at data[p point_stride + r columns].
/// Rows are tiles or, of a filter, channels; columns are channels.
struct WinogradData {
  float* data = nullptr;
  Index point_stride = 0;
};

/// The 5x5 filters of a matrix of channels: tap (u, v) of filter (r, c) at
/// data[(5 u + v) tap_stride + r row_stride + c].
template <class T>
struct WinogradFilters {
  T* data = nullptr;
  Index tap_stride = 0, row_stride = 0;
  Index rows = 0, columns = 0;
};

/// Columns must be multiples of 16. Images are transformed by rows of tiles, to and from as many
/// rows of `tiles`.
struct WinogradLoops {
  /// B^T d B of what tile row `row` sees of x; outside the image that is zeros.
  void (*transform_input)(const WinogradImage& image, const float* x, Index row,
                          WinogradData tiles) = nullptr;

  /// A dy A^T.
  void (*transform_gradient)(const WinogradImage& image, const float* dy, Index row,
                             WinogradData tiles) = nullptr;

  /// y = A^T m A + bias. The bias may be null.
  void (*transform_output)(const WinogradImage& image, WinogradData tiles, const float* bias,
                           Index row, float* y) = nullptr;

  /// G g G^T.
  void (*transform_filters)(const WinogradFilters<const float>& filters,
                            WinogradData transformed) = nullptr;

  /// G^T m G.
  void (*transform_filter_gradients)(WinogradData transformed,
                                     const WinogradFilters<float>& filters) = nullptr;

  /// C[rows, n] = A[rows, k] B[k, n] for each point, or added to C; k must be a multiple of 4.
  /// While the products run, the memory in `upcoming` is brought into the second cache.
  void (*multiply)(WinogradData a, WinogradData b, Index rows, Index k, Index n, bool add,
                   WinogradData c, std::span<const std::span<const float>> upcoming) = nullptr;

  /// The same with A[k, rows]^T and any k.
  void (*multiply_transposed)(WinogradData a, WinogradData b, Index rows, Index k, Index n,
                              bool add, WinogradData c,
                              std::span<const std::span<const float>> upcoming) = nullptr;
};

/// The functions compiled for `Level`.
template <class Level>
WinogradLoops winograd_loops();

}  // namespace xgrad::kernels
