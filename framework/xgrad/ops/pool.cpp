#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/pool.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/pool_shape.hpp>
#include <xgrad/ops/put_off.hpp>

#include <fmt/format.h>

namespace xgrad {
namespace {

void check_images(const char* op, const Shape& x) {
  if (x.rank() != 4)
    throw ShapeError(
        fmt::format("{}: x has shape {}, but images are [N, H, W, C]: reshape it, with "
                    "1 for an axis it lacks",
                    op, x.to_string()));
}

void check_range(const char* op, const char* option, Size2d value, Size2d least, Size2d most) {
  if (value.h < least.h || value.w < least.w || value.h > most.h || value.w > most.w)
    throw ValueError(fmt::format("{}: {} = ({}, {}) is out of range: use ({}, {}) to ({}, {})", op,
                                 option, value.h, value.w, least.h, least.w, most.h, most.w));
}

}  // namespace

// Ho = floor((H + 2 padding - kernel) / stride) + 1, Wo alike.
kernels::PoolShape pool_shape(const char* op, const Shape& x, const PoolOptions& options) {
  constexpr Index any = 4096;  // so that float counts the places of a window exactly
  check_images(op, x);
  const Size2d kernel = options.kernel;
  const Size2d stride{options.stride.h == 0 ? kernel.h : options.stride.h,
                      options.stride.w == 0 ? kernel.w : options.stride.w};
  const Size2d padding = options.padding;
  check_range(op, "kernel", kernel, 1, any);
  check_range(op, "stride", stride, 1, any);
  check_range(op, "padding", padding, 0, {kernel.h / 2, kernel.w / 2});
  const Index room_h = x[1] + 2 * padding.h - kernel.h, room_w = x[2] + 2 * padding.w - kernel.w;
  if (x[1] < 1 || x[2] < 1 || room_h < 0 || room_w < 0)
    throw ShapeError(
        fmt::format("{}: kernel ({}, {}) does not fit x of shape {} with padding ({}, "
                    "{}): use a smaller kernel",
                    op, kernel.h, kernel.w, x.to_string(), padding.h, padding.w));
  return {.height = x[1],
          .width = x[2],
          .channels = x[3],
          .out_height = room_h / stride.h + 1,
          .out_width = room_w / stride.w + 1,
          .kernel = kernel,
          .stride = stride,
          .padding = padding};
}

namespace {

template <class T>
Tensor<T> output(const Shape& x, const kernels::PoolShape& shape) {
  return Tensor<T>::empty({x[0], shape.out_height, shape.out_width, x[3]});
}

template <class T>
void note_options(const OpInfo& op, const kernels::PoolShape& s) {
  if (OpListener::tracing())
    OpTracer<T>::note(op, {{"kernel", s.kernel}, {"stride", s.stride}, {"padding", s.padding}});
}

// max_pool2d along with what x still waits for.
template <class T>
std::optional<Variable<T>> pool_what_is_put_off(const Variable<T>& x, const PoolOptions& options) {
  if (auto* norm = dynamic_cast<PendingNorm<T>*>(x.pending())) return norm->max_pool(options);
  if (auto* activation = dynamic_cast<PendingActivation<T>*>(x.pending()))
    return activation->max_pool(options);
  return {};
}

}  // namespace

// y = the first largest x of each window; dx = dy there. Saves its place in the window, not x.
template <class T>
Variable<T> max_pool2d(Variable<T> x, const PoolOptions& options) {
  check_defined(max_pool2d_op, x);
  if (auto y = pool_what_is_put_off(x, options)) return *std::move(y);
  const auto shape = pool_shape(max_pool2d_op.name, x.shape(), options);
  Tensor<T> y = output<T>(x.shape(), shape);
  kernels::MaxPlaces places;
  const bool recorded = NoGrad::recording() && x.requires_grad();
  kernels::max_pool(x.value(), shape, y, recorded ? &places : nullptr);
  note_options<T>(max_pool2d_op, shape);
  return record(max_pool2d_op, {x}, y, [shape, places = std::move(places)](Backward<T>& b) {
    kernels::max_pool_grad(b.dy(), places, shape, b.dx(0));
  });
}

// y = sum of the window / its places; dx = the sum of dy / places over the windows that x is in.
template <class T>
Variable<T> avg_pool2d(const Variable<T>& x, const PoolOptions& options) {
  check_defined(avg_pool2d_op, x);
  const auto shape = pool_shape(avg_pool2d_op.name, x.shape(), options);
  Tensor<T> y = output<T>(x.shape(), shape);
  kernels::avg_pool(x.value(), shape, y);
  note_options<T>(avg_pool2d_op, shape);
  return record(avg_pool2d_op, {x}, y,
                [shape](Backward<T>& b) { kernels::avg_pool_grad(b.dy(), shape, b.dx(0)); });
}

// y = mean of x over H and W; dx = dy / (H W)
template <class T>
Variable<T> global_avg_pool2d(const Variable<T>& x) {
  check_defined(global_avg_pool2d_op, x);
  check_images(global_avg_pool2d_op.name, x.shape());
  if (x.shape(1) < 1 || x.shape(2) < 1)
    throw ShapeError(
        fmt::format("{}: x has shape {}, images without pixels have no mean: use 1 x 1 "
                    "at least",
                    global_avg_pool2d_op.name, x.shape().to_string()));
  Tensor<T> y = Tensor<T>::empty({x.shape(0), x.shape(3)});
  kernels::global_avg_pool(x.value(), y);
  return record(global_avg_pool2d_op, {x}, y,
                [](Backward<T>& b) { kernels::global_avg_pool_grad(b.dy(), b.dx(0)); });
}

#define XGRAD_INSTANTIATE(T)                                               \
  template Variable<T> max_pool2d(Variable<T>, const PoolOptions&);        \
  template Variable<T> avg_pool2d(const Variable<T>&, const PoolOptions&); \
  template Variable<T> global_avg_pool2d(const Variable<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
