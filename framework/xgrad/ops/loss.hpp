#pragma once
// Softmax and the losses.

#include <cstdint>
#include <span>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

/// What becomes of the losses of single examples.
enum class Reduction {
  none,  ///< they are the result
  mean,  ///< over the examples that are not ignored
  sum,
};

struct CrossEntropyOptions {
  std::int32_t ignore_index = -100;  ///< examples with this label count for nothing
  double label_smoothing = 0;        ///< share of the target spread evenly over all classes, 0 to 1
  Reduction reduction = Reduction::mean;
};

struct NllLossOptions {
  std::int32_t ignore_index = -100;  ///< examples with this label count for nothing
  Reduction reduction = Reduction::mean;
};

inline constexpr OpInfo softmax_op{
    "softmax", "x", "y = exp(x) / sum(exp(x)) along the axis\ndx = y (dy - sum(dy y))"};
inline constexpr OpInfo log_softmax_op{
    "log_softmax", "x", "y = x - log(sum(exp(x))) along the axis\ndx = dy - exp(y) sum(dy)"};
inline constexpr OpInfo cross_entropy_op{
    "cross_entropy", "logits",
    "loss = -sum(q log_softmax(logits)), q = (1 - s) onehot(target) + s / classes\n"
    "dlogits = (softmax(logits) - q) dloss"};
inline constexpr OpInfo nll_loss_op{"nll_loss", "log_probs",
                                    "loss = -log_probs[target]\ndlog_probs = -dloss at the target"};
inline constexpr OpInfo mse_loss_op{
    "mse_loss", "prediction, target",
    "loss = (prediction - target)^2\n"
    "dprediction = 2 (prediction - target) dloss, dtarget = -dprediction"};

/// exp(x) / sum(exp(x)) along `axis`, and its logarithm; neither overflows. Shape: that of x.
/// Throws ShapeError for an axis outside x or of length 0.
template <class T>
Variable<T> softmax(Variable<T> x, int axis = -1);
template <class T>
Variable<T> log_softmax(Variable<T> x, int axis = -1);

/// Cross entropy of softmax(logits) and the targets, computed in one stable step.
/// logits: [..., classes]; targets: the class of each row, 0 to classes - 1 or ignore_index. They
/// are copied. Result: a scalar, or for Reduction::none one loss per row, [...], 0 where ignored.
/// The mean is over the rows that are not ignored, label smoothing as in PyTorch. Throws
/// ShapeError: rank < 2, or not one target per row. ValueError: a label that is no class, an option
/// out of range, an empty batch, a mean where all targets are ignored (PyTorch's is NaN).
template <class T>
Variable<T> cross_entropy(const Variable<T>& logits, std::span<const std::int32_t> targets,
                          const CrossEntropyOptions& options = {});

/// The same for rows that are log-probabilities already (log_softmax).
template <class T>
Variable<T> nll_loss(const Variable<T>& log_probs, std::span<const std::int32_t> targets,
                     const NllLossOptions& options = {});

/// Squared differences, reduced over all elements; prediction and target have one shape.
/// Throws ShapeError where they differ, ValueError for the mean of nothing.
template <class T>
Variable<T> mse_loss(const Variable<T>& prediction, const Variable<T>& target,
                     Reduction reduction = Reduction::mean);

}  // namespace xgrad
