#include <xgrad/autograd/record.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/softmax.hpp>
#include <xgrad/kernels/squared_error.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/loss.hpp>

#include <fmt/format.h>

namespace xgrad {
namespace {

int softmax_axis(const char* op, const Shape& x, int axis) {
  const int from_front = x.normalize_axis(axis, fmt::format("{}: axis", op).c_str());
  if (x[from_front] == 0)
    throw ShapeError(fmt::format("{}: axis {} of x {} is empty: give it one element at least", op,
                                 axis, x.to_string()));
  return from_front;
}

// The targets of the rows of [..., classes], checked and copied; ignored ones are kernels::ignored.
struct Targets {
  PoolArray<std::int32_t> labels;
  Index counted = 0;

  std::span<const std::int32_t> span() const {
    return {labels.data(), static_cast<std::size_t>(labels.size())};
  }
};

Targets check_targets(const char* op, const char* input, const Shape& x,
                      std::span<const std::int32_t> targets, std::int32_t ignore_index,
                      Reduction reduction) {
  if (x.rank() < 2 || x.back() < 1)
    throw ShapeError(
        fmt::format("{}: {} has shape {}, but needs [..., classes] with two axes or "
                    "more: reshape it to [batch, classes]",
                    op, input, x.to_string()));
  const Index classes = x.back(), rows = x.elements() / classes;
  if (static_cast<Index>(targets.size()) != rows)
    throw ShapeError(fmt::format("{}: {} targets for the {} rows of {} {}: give one label per row",
                                 op, targets.size(), rows, input, x.to_string()));
  if (rows == 0)
    throw ValueError(fmt::format("{}: {} {} is an empty batch: leave it out of the training loop",
                                 op, input, x.to_string()));
  Targets result{PoolArray<std::int32_t>(rows)};
  for (Index i = 0; i < rows; ++i) {
    const std::int32_t label = targets[static_cast<std::size_t>(i)];
    const bool counts = label != ignore_index;
    if (counts && (label < 0 || label >= classes))
      throw ValueError(
          fmt::format("{}: targets[{}] = {} is none of the {} classes of {} {}: use 0 to "
                      "{}, or {} (ignore_index)",
                      op, i, label, classes, input, x.to_string(), classes - 1, ignore_index));
    result.labels.data()[i] = counts ? label : kernels::ignored;
    result.counted += counts;
  }
  if (result.counted == 0 && reduction == Reduction::mean)
    throw ValueError(
        fmt::format("{}: all {} targets are {} (ignore_index), which leaves nothing to "
                    "take the mean of: skip this batch, or use Reduction::sum",
                    op, rows, ignore_index));
  return result;
}

// The losses of the rows as the result: all of them, their sum, or their mean over `count`.
template <class T>
Tensor<T> reduce(const Tensor<T>& losses, Reduction reduction, Index count) {
  if (reduction == Reduction::none) return losses;
  double sum = 0;
  for (const T loss : losses.values()) sum += static_cast<double>(loss);
  if (reduction == Reduction::mean) sum /= static_cast<double>(count);
  return Tensor<T>::full({}, static_cast<T>(sum));
}

// The gradient of each row's loss from that of the result.
template <class T>
Tensor<T> reduce_grad(const Tensor<T>& dy, Reduction reduction, Index rows, Index count) {
  if (reduction == Reduction::none) return dy;
  const T share = reduction == Reduction::mean ? T(1) / static_cast<T>(count) : T(1);
  return Tensor<T>::full({rows}, dy.item() * share);
}

}  // namespace

// y = exp(x) / sum(exp(x)); dx = y (dy - sum(dy y)). Saves y.
template <class T>
Variable<T> softmax(Variable<T> x, int axis) {
  check_defined(softmax_op, x);
  axis = softmax_axis(softmax_op.name, x.shape(), axis);
  Tensor<T> y = x.reuse();
  kernels::softmax(x.value(), axis, y);
  if (OpListener::tracing()) OpTracer<T>::note(softmax_op, {{"axis", axis}});
  return record(softmax_op, {x}, y, [axis, y = Saved(y)](Backward<T>& b) {
    kernels::softmax_grad(y.get(), b.dy(), axis, b.dx_in_place_of_dy(0));
  });
}

// y = x - log(sum(exp(x))); dx = dy - exp(y) sum(dy). Saves y.
template <class T>
Variable<T> log_softmax(Variable<T> x, int axis) {
  check_defined(log_softmax_op, x);
  axis = softmax_axis(log_softmax_op.name, x.shape(), axis);
  Tensor<T> y = x.reuse();
  kernels::log_softmax(x.value(), axis, y);
  if (OpListener::tracing()) OpTracer<T>::note(log_softmax_op, {{"axis", axis}});
  return record(log_softmax_op, {x}, y, [axis, y = Saved(y)](Backward<T>& b) {
    kernels::log_softmax_grad(y.get(), b.dy(), axis, b.dx_in_place_of_dy(0));
  });
}

// loss = -sum(q log_softmax(logits)), q = (1 - s) onehot(target) + s / classes;
// dlogits = (softmax(logits) - q) dloss. Saves the logits and each row's log-sum-exp.
template <class T>
Variable<T> cross_entropy(const Variable<T>& logits, std::span<const std::int32_t> targets,
                          const CrossEntropyOptions& options) {
  check_defined(cross_entropy_op, logits);
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1))
    throw ValueError(fmt::format("cross_entropy: label_smoothing = {}: use a number from 0 to 1",
                                 options.label_smoothing));
  const Reduction reduction = options.reduction;
  Targets labels = check_targets(cross_entropy_op.name, "logits", logits.shape(), targets,
                                 options.ignore_index, reduction);
  const auto smoothing = static_cast<T>(options.label_smoothing);
  PoolArray<kernels::LogSumExp<T>> sums(labels.labels.size());
  Tensor<T> losses = Tensor<T>::empty(logits.shape().without(-1));
  kernels::cross_entropy(logits.value(), labels.span(), smoothing, sums.span(), losses);
  Tensor<T> loss = reduce(losses, reduction, labels.counted);
  return record(cross_entropy_op, {logits}, loss,
                [=, x = Saved(logits.value()), labels = std::move(labels),
                 sums = std::move(sums)](Backward<T>& b) mutable {
                  const Index rows = labels.labels.size();
                  const auto weights = reduce_grad(b.dy(), reduction, rows, labels.counted);
                  kernels::cross_entropy_grad<T>(x.get(), labels.span(), smoothing, sums.span(),
                                                 weights, b.dx(0));
                });
}

// loss = -log_probs[target]; dlog_probs = -dloss there, else 0.
template <class T>
Variable<T> nll_loss(const Variable<T>& log_probs, std::span<const std::int32_t> targets,
                     const NllLossOptions& options) {
  check_defined(nll_loss_op, log_probs);
  const Reduction reduction = options.reduction;
  Targets labels = check_targets(nll_loss_op.name, "log_probs", log_probs.shape(), targets,
                                 options.ignore_index, reduction);
  const Index classes = log_probs.shape().back();
  Tensor<T> losses(log_probs.shape().without(-1));
  const Tensor<T>& x = log_probs.value();
  T* const to = losses.data();
  for (Index row = 0; const std::int32_t label : labels.span()) {
    if (label != kernels::ignored) to[row] = -x.data()[row * classes + label];
    ++row;
  }
  Tensor<T> loss = reduce(losses, reduction, labels.counted);
  return record(nll_loss_op, {log_probs}, loss, [=, labels = std::move(labels)](Backward<T>& b) {
    const Index rows = labels.labels.size();
    const auto weights = reduce_grad(b.dy(), reduction, rows, labels.counted);
    Tensor<T>& dx = b.dx(0);
    dx.fill(0);
    T* const dx_rows = dx.data();
    for (Index row = 0; const std::int32_t label : labels.span()) {
      if (label != kernels::ignored) dx_rows[row * classes + label] = -weights.data()[row];
      ++row;
    }
  });
}

// loss = (prediction - target)^2; dprediction = 2 (prediction - target) dloss = -dtarget.
template <class T>
Variable<T> mse_loss(const Variable<T>& prediction, const Variable<T>& target,
                     Reduction reduction) {
  check_defined(mse_loss_op, prediction, 0);
  check_defined(mse_loss_op, target, 1);
  if (prediction.shape() != target.shape())
    throw ShapeError(
        fmt::format("mse_loss: prediction {} and target {} differ in shape: reshape one "
                    "of them",
                    prediction.shape().to_string(), target.shape().to_string()));
  const Index n = prediction.size();
  if (n == 0 && reduction == Reduction::mean)
    throw ValueError(
        fmt::format("mse_loss: prediction {} is empty and has no mean: leave empty "
                    "batches out, or use Reduction::sum",
                    prediction.shape().to_string()));
  const T share = reduction == Reduction::mean ? T(1) / static_cast<T>(n) : T(1);
  Tensor<T> loss;
  if (reduction == Reduction::none) {
    loss = Tensor<T>::empty(prediction.shape());
    kernels::squared_error(prediction.value(), target.value(), loss);
  } else {
    const double sum = kernels::squared_error_sum(prediction.value(), target.value());
    const double count = reduction == Reduction::mean ? static_cast<double>(n) : 1;
    loss = Tensor<T>::full({}, static_cast<T>(sum / count));
  }
  return record(mse_loss_op, {prediction, target}, loss,
                [share, p = Saved(prediction.value()), t = Saved(target.value())](Backward<T>& b) {
                  for (int i = 0; i < 2; ++i)
                    if (b.needs(i))
                      kernels::squared_error_grad(p.get(), t.get(), b.dy(),
                                                  i == 0 ? 2 * share : -2 * share, b.dx(i));
                });
}

#define XGRAD_INSTANTIATE(T)                                                            \
  template Variable<T> softmax(Variable<T>, int);                                       \
  template Variable<T> log_softmax(Variable<T>, int);                                   \
  template Variable<T> cross_entropy(const Variable<T>&, std::span<const std::int32_t>, \
                                     const CrossEntropyOptions&);                       \
  template Variable<T> nll_loss(const Variable<T>&, std::span<const std::int32_t>,      \
                                const NllLossOptions&);                                 \
  template Variable<T> mse_loss(const Variable<T>&, const Variable<T>&, Reduction);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
