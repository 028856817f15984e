#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/conv.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/conv.hpp>

#include <fmt/format.h>

namespace xgrad {
namespace {

using kernels::ConvShape;

void check_option(const char* op, const char* name, Size2d value, Index least) {
  constexpr Index most = 1 << 20;  // so that no product with an extent overflows
  const auto fits = [=](Index extent) { return extent >= least && extent <= most; };
  if (fits(value.h) && fits(value.w)) return;
  const std::string got =
      value.h == value.w ? fmt::format("{}", value.h) : fmt::format("({}, {})", value.h, value.w);
  throw ValueError(
      fmt::format("{}: {} is {}: use {} or more, {} at most", op, name, got, least, most));
}

template <class T>
void check_rank(const OpInfo& op, const Variable<T>& v, int input, int rank, const char* axes) {
  check_defined(op, v, input);
  if (v.shape().rank() != rank)
    throw ShapeError(fmt::format("{}: {} is {}, but must be {}: reshape it", op.name,
                                 op.input_name(input), v.shape().to_string(), axes));
}

// What conv1d and conv2d have in common, with the channels on the last axis of x and w and the
// output channels on the first of w.
template <class T>
void check_channels(const char* op, const Variable<T>& x, const Variable<T>& w,
                    const Variable<T>& b, Index groups) {
  check_option(op, "groups", groups, 1);
  const Index channels = w.shape(-1) * groups;
  if (x.shape(-1) != channels) {
    const char* const remedy =
        x.shape(1) == channels
            ? "x seems to have its channels first: permute it, images are channels-last here"
            : "the last axis of x and of w, times groups, are the channels and must agree";
    throw ShapeError(fmt::format(
        "{}: x is {}, with {} channels, but w is {} with groups {}, for {} "
        "channels: {}",
        op, x.shape().to_string(), x.shape(-1), w.shape().to_string(), groups, channels, remedy));
  }
  if (w.size() == 0)
    throw ShapeError(
        fmt::format("{}: w is {}, which is empty: every axis needs an extent of 1 or more", op,
                    w.shape().to_string()));
  if (w.shape(0) % groups != 0)
    throw ShapeError(
        fmt::format("{}: w is {}: its {} output channels cannot be cut into {} groups: "
                    "choose a divisor",
                    op, w.shape().to_string(), w.shape(0), groups));
  if (b.defined() && b.shape() != Shape{w.shape(0)})
    throw ShapeError(
        fmt::format("{}: b is {}, but w is {}: b must be [{}], one for each output channel", op,
                    b.shape().to_string(), w.shape().to_string(), w.shape(0)));
}

template <class T>
void check_kernel_fits(const char* op, const ConvShape& s, const Variable<T>& x,
                       const Variable<T>& w) {
  const auto fits = [](Index extent, Index padding, Index dilation, Index kernel) {
    return extent + 2 * padding >= dilation * (kernel - 1) + 1;
  };
  if (fits(s.height, s.padding.h, s.dilation.h, s.kernel.h) &&
      fits(s.width, s.padding.w, s.dilation.w, s.kernel.w))
    return;
  throw ShapeError(
      fmt::format("{}: the kernel of w {} with dilation ({}, {}) is larger than x {} with "
                  "padding ({}, {}): use more padding or a smaller kernel",
                  op, w.shape().to_string(), s.dilation.h, s.dilation.w, x.shape().to_string(),
                  s.padding.h, s.padding.w));
}

// y = x * w + b; dx and dw are the two other products of these tensors, db the sum of dy over all
// pixels. Saves x and w.
template <class T>
Variable<T> convolve(const OpInfo& op, const ConvShape& s, const Variable<T>& x,
                     const Variable<T>& w, const Variable<T>& b, const Shape& y_shape) {
  Tensor<T> y = Tensor<T>::empty(y_shape);
  kernels::conv_forward(s, x.value(), w.value(), b.value(), y);
  if (OpListener::tracing())
    OpTracer<T>::note(op, {{"stride", s.stride},
                           {"padding", s.padding},
                           {"dilation", s.dilation},
                           {"groups", s.groups}});
  return record(op, {x, w, b}, y,
                [s, x = Saved(x.value()), w = Saved(w.value())](Backward<T>& back) {
                  if (back.needs(0)) kernels::conv_backward_data(s, back.dy(), w.get(), back.dx(0));
                  if (back.needs(1))
                    kernels::conv_backward_weights(s, x.get(), back.dy(), back.dx(1));
                  if (back.needs(2)) kernels::column_sum(back.dy(), back.dx(2));
                });
}

}  // namespace

// [N, H, W, C] and [O, kh, kw, C/groups] -> [N, H', W', O]
template <class T>
Variable<T> conv2d(const Variable<T>& x, const Variable<T>& w,
                   const std::type_identity_t<Variable<T>>& b, const Conv2dOptions& options) {
  constexpr const char* op = conv2d_op.name;
  check_option(op, "stride", options.stride, 1);
  check_option(op, "padding", options.padding, 0);
  check_option(op, "dilation", options.dilation, 1);
  check_rank(conv2d_op, x, 0, 4, "[N, H, W, C]");
  check_rank(conv2d_op, w, 1, 4, "[O, kh, kw, C/groups]");
  check_channels(op, x, w, b, options.groups);
  const ConvShape s{.batch = x.shape(0),
                    .height = x.shape(1),
                    .width = x.shape(2),
                    .in_channels = x.shape(3),
                    .out_channels = w.shape(0),
                    .kernel = {w.shape(1), w.shape(2)},
                    .stride = options.stride,
                    .padding = options.padding,
                    .dilation = options.dilation,
                    .groups = options.groups};
  check_kernel_fits(op, s, x, w);
  return convolve(conv2d_op, s, x, w, b, {s.batch, s.out_height(), s.out_width(), s.out_channels});
}

// A sequence is an image of one row: [N, L, C] and [O, k, C/groups] -> [N, L', O]
template <class T>
Variable<T> conv1d(const Variable<T>& x, const Variable<T>& w,
                   const std::type_identity_t<Variable<T>>& b, const Conv1dOptions& options) {
  constexpr const char* op = conv1d_op.name;
  check_option(op, "stride", options.stride, 1);
  check_option(op, "padding", options.padding, 0);
  check_option(op, "dilation", options.dilation, 1);
  check_rank(conv1d_op, x, 0, 3, "[N, L, C]");
  check_rank(conv1d_op, w, 1, 3, "[O, k, C/groups]");
  check_channels(op, x, w, b, options.groups);
  const ConvShape s{.batch = x.shape(0),
                    .width = x.shape(1),
                    .in_channels = x.shape(2),
                    .out_channels = w.shape(0),
                    .kernel = {1, w.shape(1)},
                    .stride = {1, options.stride},
                    .padding = {0, options.padding},
                    .dilation = {1, options.dilation},
                    .groups = options.groups};
  check_kernel_fits(op, s, x, w);
  return convolve(conv1d_op, s, x, w, b, {s.batch, s.out_width(), s.out_channels});
}

#define XGRAD_INSTANTIATE(T)                                                              \
  template Variable<T> conv2d(const Variable<T>&, const Variable<T>&, const Variable<T>&, \
                              const Conv2dOptions&);                                      \
  template Variable<T> conv1d(const Variable<T>&, const Variable<T>&, const Variable<T>&, \
                              const Conv1dOptions&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
