#include <xgrad/ops/conv.hpp>

#include "reference.hpp"

namespace reference {
namespace {

using xgrad::Conv1dOptions;
using xgrad::Conv2dOptions;

// y[n,i,j,o] = b[o] + sum_{u,v,c} x[n, i s - p + u d, j s - p + v d, first + c] w[o,u,v,c], where
// `first` is the first channel of the group that o belongs to.
Tensor<double> convolve(const Tensor<double>& x, const Tensor<double>& w, const Tensor<double>& b,
                        const Conv2dOptions& s) {
  const Index batch = x.shape(0), height = x.shape(1), width = x.shape(2), channels = x.shape(3);
  const Index outs = w.shape(0), kh = w.shape(1), kw = w.shape(2), taps = w.shape(3);
  const Index rows = (height + 2 * s.padding.h - s.dilation.h * (kh - 1) - 1) / s.stride.h + 1;
  const Index cols = (width + 2 * s.padding.w - s.dilation.w * (kw - 1) - 1) / s.stride.w + 1;
  Tensor<double> y({batch, rows, cols, outs});
  double* out = y.data();
  for (Index n = 0; n < batch; ++n)
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < cols; ++j)
        for (Index o = 0; o < outs; ++o, ++out) {
          const Index first = o / (outs / s.groups) * taps;
          *out = b.defined() ? b.data()[o] : 0;
          for (Index u = 0; u < kh; ++u)
            for (Index v = 0; v < kw; ++v) {
              const Index r = i * s.stride.h - s.padding.h + u * s.dilation.h;
              const Index q = j * s.stride.w - s.padding.w + v * s.dilation.w;
              if (r < 0 || r >= height || q < 0 || q >= width) continue;
              for (Index c = 0; c < taps; ++c)
                *out += x.data()[((n * height + r) * width + q) * channels + first + c] *
                        w.data()[((o * kh + u) * kw + v) * taps + c];
            }
        }
  return y;
}

Tensor<double> conv2d(const Sample& sample) {
  return convolve(sample.inputs[0], sample.inputs[1], sample.inputs[2],
                  std::any_cast<Conv2dOptions>(sample.options));
}

// A sequence is an image of one column.
Tensor<double> conv1d(const Sample& sample) {
  const auto& o = std::any_cast<Conv1dOptions>(sample.options);
  const Tensor<double>&x = sample.inputs[0], &w = sample.inputs[1];
  const Tensor<double> y =
      convolve(x.reshape({x.shape(0), x.shape(1), 1, x.shape(2)}),
               w.reshape({w.shape(0), w.shape(1), 1, w.shape(2)}), sample.inputs[2],
               {.stride = {o.stride, 1},
                .padding = {o.padding, 0},
                .dilation = {o.dilation, 1},
                .groups = o.groups});
  return y.reshape({y.shape(0), y.shape(1), y.shape(3)});
}

}  // namespace

Table conv() {
  return {
      {"conv1d", conv1d},
      {"conv2d", conv2d},
  };
}

}  // namespace reference
