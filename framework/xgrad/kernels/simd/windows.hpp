#pragma once
// The inner loops of a direct convolution. A window of a channels-last image is a few runs of
// memory, one for each row of the kernel, and the windows of neighbouring pixels are the same runs
// some values further on: no patch is ever copied.

#include <xgrad/core/shape.hpp>

namespace xgrad::kernels {

/// Neighbouring pixels' windows: pixel p sees `rows` runs of `run` values, the first of them at
/// x + p * step, the next row_step further on.
template <class T>
struct Windows {
  const T* x = nullptr;
  Index pixels = 0, step = 0;
  Index rows = 0, row_step = 0;
  Index run = 0;
};

/// So many lines of pixels: of x, and what belongs to them, of y.
struct Lines {
  Index count = 1, x_step = 0, y_step = 0;
};

/// How windows along a row overlap: each is so many taps of so many channels.
struct Overlap {
  Index windows = 0, stride = 1, taps = 0, channels = 0;
};

/// Loops over as many columns of a matrix at a time as a vector holds.
template <class T>
struct WindowLoops {
  /// Columns of a panel.
  Index width = 0;

  /// y[p, k] = start[k] + the sum over rows r and places i of window p of x[r, i] w[r, i, k], for
  /// k < width, on each line; from zero if `start` is null. The panels w[r] of [run, width] lie
  /// w_step apart, the pixels of y y_step. Each sum is in the order of r and i. Where
  /// y_step is less, pixels are written over the next ones before these; nothing is written beyond
  /// the first `columns` of a line's last pixel.
  void (*product)(const Windows<T>& windows, const Lines& lines, const T* w, Index w_step,
                  const T* start, T* y, Index y_step, Index columns) = nullptr;

  /// y[p, c] = the sum of rows[q, v, c] over all windows q and taps v with q * stride + v = first +
  /// p, for p < pixels, c < channels. The rows lie `lanes` apart; up to `width` values are read
  /// beyond the last of them.
  void (*add_windows)(const T* rows, Index lanes, const Overlap& overlap, Index first, Index pixels,
                      T* y) = nullptr;

  /// sums[r, i, k] += the sum over pixels p of all lines of x[r, i] of window p times dy[p, k], for
  /// k < width. The pixels of dy lie dy_step apart; `width` values are read of each.
  void (*gradient)(const Windows<T>& windows, const Lines& lines, const T* dy, Index dy_step,
                   T* sums) = nullptr;
};

/// Those for panels of a whole vector, and for the last few columns, which may fit half of one:
/// with six channels a vector of sixteen is mostly empty.
template <class T>
struct PanelLoops {
  WindowLoops<T> full, half;
  /// Those for the next panel, where so many columns are left.
  const WindowLoops<T>& for_rest(Index columns) const {
    return columns <= half.width ? half : full;
  }
};

/// The loops compiled for `Level`.
template <class Level, class T>
PanelLoops<T> panel_loops();

}  // namespace xgrad::kernels
