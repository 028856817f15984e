#include <xgrad/ops/pool.hpp>

#include <cmath>

#include "reference.hpp"

namespace reference {
namespace {

// window(n, first row, first column, c) of padded images, for every output.
template <class F>
Tensor<double> pool(const Sample& sample, F window) {
  const auto& options = std::any_cast<const xgrad::PoolOptions&>(sample.options);
  const Shape& x = sample.inputs[0].shape();
  const auto [kernel, given, padding] = options;
  const Index stride_h = given.h == 0 ? kernel.h : given.h;
  const Index stride_w = given.w == 0 ? kernel.w : given.w;
  Index out_h = 0, out_w = 0;
  while (out_h * stride_h + kernel.h <= x[1] + 2 * padding.h) ++out_h;
  while (out_w * stride_w + kernel.w <= x[2] + 2 * padding.w) ++out_w;
  Tensor<double> y({x[0], out_h, out_w, x[3]});
  double* to = y.data();
  for (Index n = 0; n < x[0]; ++n)
    for (Index h = 0; h < out_h; ++h)
      for (Index w = 0; w < out_w; ++w)
        for (Index c = 0; c < x[3]; ++c)
          *to++ = window(n, h * stride_h - padding.h, w * stride_w - padding.w, c);
  return y;
}

// Folds the values of a window; `outside` stands for the padding.
template <class Fold>
double fold(const Sample& sample, Index n, Index top, Index left, Index c, double start,
            double outside, Fold f) {
  const auto& kernel = std::any_cast<const xgrad::PoolOptions&>(sample.options).kernel;
  const Tensor<double>& x = sample.inputs[0];
  double result = start;
  for (Index h = top; h < top + kernel.h; ++h)
    for (Index w = left; w < left + kernel.w; ++w) {
      const bool inside = h >= 0 && h < x.shape(1) && w >= 0 && w < x.shape(2);
      result = f(result, inside ? x.data()[((n * x.shape(1) + h) * x.shape(2) + w) * x.shape(3) + c]
                                : outside);
    }
  return result;
}

Tensor<double> max_pool(const Sample& sample) {
  return pool(sample, [&](Index n, Index top, Index left, Index c) {
    return fold(sample, n, top, left, c, -INFINITY, -INFINITY,
                // fmax may give either of two zeros.
                [](double a, double b) { return b > a || std::isnan(b) ? b : a; });
  });
}

Tensor<double> avg_pool(const Sample& sample) {
  const auto& kernel = std::any_cast<const xgrad::PoolOptions&>(sample.options).kernel;
  return pool(sample, [&](Index n, Index top, Index left, Index c) {
    return fold(sample, n, top, left, c, 0, 0, [](double a, double b) { return a + b; }) /
           static_cast<double>(kernel.h * kernel.w);
  });
}

Tensor<double> global_avg_pool(const Sample& sample) {
  const Tensor<double>& x = sample.inputs[0];
  const Index pixels = x.shape(1) * x.shape(2), channels = x.shape(3);
  Tensor<double> y({x.shape(0), channels});
  for (Index n = 0; n < x.shape(0); ++n)
    for (Index i = 0; i < pixels; ++i)
      for (Index c = 0; c < channels; ++c)
        y.data()[n * channels + c] +=
            x.data()[(n * pixels + i) * channels + c] / static_cast<double>(pixels);
  return y;
}

}  // namespace

Table pool() {
  return {
      {"max_pool2d", max_pool},
      {"avg_pool2d", avg_pool},
      {"global_avg_pool2d", global_avg_pool},
  };
}

}  // namespace reference
