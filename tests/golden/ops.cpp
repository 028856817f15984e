#include "golden/golden.hpp"

#include <iterator>

#include <xgrad/core/random.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/conv.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

namespace golden {

using namespace xgrad;

namespace {

void elementwise(Cases& cases) {
  add_op(cases, "tanh: matrix", [](auto& run) { return tanh(run.in("x")); });
  add_op(cases, "tanh: saturated", [](auto& run) { return tanh(run.in("x")); });
  add_op(cases, "relu: matrix", [](auto& run) { return relu(run.in("x")); });
  add_op(cases, "relu: at zero", [](auto& run) { return relu(run.in("x")); });
  add_op(cases, "sigmoid: matrix", [](auto& run) { return sigmoid(run.in("x")); });
  add_op(cases, "sigmoid: saturated", [](auto& run) { return sigmoid(run.in("x")); });
  add_op(cases, "exp: matrix", [](auto& run) { return exp(run.in("x")); });
  add_op(cases, "log: matrix", [](auto& run) { return log(run.in("x")); });
  add_op(cases, "sqrt: matrix", [](auto& run) { return sqrt(run.in("x")); });
  add_op(cases, "neg: matrix", [](auto& run) { return -run.in("x"); });
  add_op(cases, "pow: square", [](auto& run) { return pow(run.in("x"), 2); });
  add_op(cases, "pow: cube", [](auto& run) { return pow(run.in("x"), 3); });
  add_op(cases, "pow: inverse", [](auto& run) { return pow(run.in("x"), -1); });
  add_op(cases, "pow: root", [](auto& run) { return pow(run.in("x"), 0.5); });
  add_op(cases, "pow: zeroth", [](auto& run) { return pow(run.in("x"), 0); });
  add_op(cases, "pow: at zero", [](auto& run) { return pow(run.in("x"), 2); });
  add_op(cases, "add_scalar: matrix", [](auto& run) { return run.in("x") + 2.5; });
  add_op(cases, "rsub_scalar: matrix", [](auto& run) { return 2.5 - run.in("x"); });
  add_op(cases, "mul_scalar: matrix", [](auto& run) { return run.in("x") * 2.5; });
  add_op(cases, "div_scalar: matrix", [](auto& run) { return run.in("x") / 2.5; });
  add_op(cases, "rdiv_scalar: matrix", [](auto& run) { return 2.5 / run.in("x"); });
  // In training PyTorch draws other masks.
  add_op(cases, "dropout: evaluation", [](auto& run) { return dropout(run.in("x"), 0.4, false); });
}

void arithmetic(Cases& cases) {
  for (const std::string sample :
       {"same shape", "row", "scalar", "column", "outer", "alternating"}) {
    add_op(cases, "add: " + sample, [](auto& run) { return run.in("a") + run.in("b"); });
    add_op(cases, "sub: " + sample, [](auto& run) { return run.in("a") - run.in("b"); });
    add_op(cases, "mul: " + sample, [](auto& run) { return run.in("a") * run.in("b"); });
    add_op(cases, "div: " + sample, [](auto& run) { return run.in("a") / run.in("b"); });
  }
}

// `reduce(x, axes, keepdims)` is the op.
template <class F>
void reductions(Cases& cases, const std::string& op, F reduce) {
  const auto over = [&](const char* sample, const Axes& axes, bool keepdims = false) {
    add_op(cases, op + ": " + sample,
           [=](auto& run) { return reduce(run.in("x"), axes, keepdims); });
  };
  over("all", {});
  over("rows", -1);
  over("columns", 0, true);
  over("images to channels", {0, 1, 2});
  over("alternating", {0, 2, -1});
  if (op == "max") over("ties", 1);
}

void shapes(Cases& cases) {
  add_op(cases, "reshape: to a matrix", [](auto& run) { return reshape(run.in("x"), {6, 4}); });
  add_op(cases, "reshape: with a free axis", [](auto& run) {
    return reshape(run.in("x"), {2, -1, 1});
  });
  add_op(cases, "flatten: images", [](auto& run) { return flatten(run.in("x")); });
  add_op(cases, "permute: NHWC to NCHW", [](auto& run) {
    return permute(run.in("x"), {0, 3, 1, 2});
  });
  add_op(cases, "permute: all axes", [](auto& run) { return permute(run.in("x"), {3, 2, -3, 0}); });
  add_op(cases, "slice: leading axis", [](auto& run) { return slice(run.in("x"), 0, 1, 4); });
  add_op(cases, "slice: last axis, with a step",
         [](auto& run) { return slice(run.in("x"), 1, 1, 7, 3); });
  add_op(cases, "slice: middle axis from the end",
         [](auto& run) { return slice(run.in("x"), 1, -3, -1); });
  add_op(cases, "pad: images", [](auto& run) {
    return pad(run.in("x"), {{0, 0}, {1, 2}, {2, 0}, {0, 0}});
  });
  add_op(cases, "pad: all axes, with ones", [](auto& run) {
    return pad(run.in("x"), {{1, 1}, {0, 3}}, 1);
  });
  add_op(cases, "concat: rows", [](auto& run) {
    return concat({run.in("x0"), run.in("x1"), run.in("x2")}, 0);
  });
  add_op(cases, "concat: middle", [](auto& run) {
    return concat({run.in("x0"), run.in("x1"), run.in("x2")}, -2);
  });
}

void products(Cases& cases) {
  for (const std::string sample : {"matrix", "vector", "three leading axes", "no bias"})
    add_op(cases, "linear: " + sample,
           [](auto& run) { return linear(run.in("x"), run.in("w"), run.in("b")); });
  for (const std::string sample : {"matrices", "batch", "two leading axes"})
    add_op(cases, "matmul: " + sample, [](auto& run) { return matmul(run.in("a"), run.in("b")); });
}

void convolutions(Cases& cases) {
  const auto image = [&](const std::string& sample, const Conv2dOptions& options = {}) {
    add_op(cases, "conv2d: " + sample,
           [options](auto& run) { return conv2d(run.in("x"), run.in("w"), run.in("b"), options); });
  };
  image("plain");
  image("no bias");
  image("1x1");
  image("stride", {.stride = {2, 3}});
  image("padding", {.padding = {3, 2}});
  image("dilation", {.dilation = {2, 3}});
  image("groups", {.padding = 1, .groups = 3});
  image("depthwise", {.padding = 1, .groups = 4});
  image("everything", {.stride = {2, 1}, .padding = {1, 2}, .dilation = {2, 1}, .groups = 2});
  image("channels that fill vectors", {.padding = 1});
  const auto sequence = [&](const std::string& sample, const Conv1dOptions& options = {}) {
    add_op(cases, "conv1d: " + sample,
           [options](auto& run) { return conv1d(run.in("x"), run.in("w"), run.in("b"), options); });
  };
  sequence("plain");
  sequence("no bias");
  sequence("stride, padding and dilation", {.stride = 2, .padding = 1, .dilation = 2});
  sequence("groups", {.padding = 1, .groups = 2});
}

// `pool(x, options)` is the op.
template <class F>
void pools(Cases& cases, const std::string& op, F pool) {
  const auto window = [&](const char* sample, const PoolOptions& options) {
    add_op(cases, op + ": " + sample, [=](auto& run) { return pool(run.in("x"), options); });
  };
  window("2x2", {});
  window("left over", {.kernel = 2});
  window("overlapping", {.kernel = {3, 2}, .stride = {1, 2}});
  window("padding", {.kernel = 3, .stride = 2, .padding = 1});
  window("padding of one axis", {.kernel = {2, 3}, .padding = {0, 1}});
  window("whole vectors", {.kernel = 3, .stride = 1, .padding = 1});
  window("gaps between windows", {.kernel = 2, .stride = 3});
  if (op == "max_pool2d") window("ties", {});
}

void batch_norms(Cases& cases) {
  const auto with = [&](const std::string& sample, const BatchNormOptions& options = {}) {
    add(cases, "batch_norm: " + sample, [options]<class T>(Run<T>& run) {
      BatchNormStats<T> stats(run.constant("running_mean"), run.constant("running_var"));
      const auto y = batch_norm(run.in("x"), run.in("gamma"), run.in("beta"), stats, options);
      run.backward({{"y", y}});
      run.check("after.running_mean", stats.running_mean);
      run.check("after.running_var", stats.running_var);
    });
  };
  with("matrix");
  with("images");
  with("sequences, momentum and eps", {.momentum = 0.375, .eps = 0.125});
  with("without gamma and beta");
  with("evaluation", {.training = false});
  with("evaluation of one row", {.training = false});
}

template <class Options, class F>
void losses_of_targets(Cases& cases, const std::string& op, F loss) {
  const auto with = [&](const char* sample, const Options& options = {}) {
    add_op(cases, op + ": " + sample,
           [=](auto& run) { return loss(run.in("x"), run.integers("targets"), options); });
  };
  with("mean");
  with("sum", {.reduction = Reduction::sum});
  with("none", {.reduction = Reduction::none});
  with("mean over what is not ignored");
  with("ignored class", {.ignore_index = 1});
  with("sequences", {.reduction = Reduction::none});
  if constexpr (requires(Options o) { o.label_smoothing; }) {
    with("smoothing", {.label_smoothing = 0.125});
    with("smoothing, none", {.label_smoothing = 0.125, .reduction = Reduction::none});
    with("smoothing, ignored rows", {.ignore_index = -1, .label_smoothing = 0.25});
    with("nothing but smoothing", {.label_smoothing = 1, .reduction = Reduction::sum});
    with("far from zero");
  }
}

void losses(Cases& cases) {
  for (const auto& [sample, axis] :
       {std::pair{"rows", -1}, {"columns", 0}, {"middle axis", 1}, {"far from zero", -1}}) {
    const int along = axis;
    add_op(cases, std::string("softmax: ") + sample,
           [along](auto& run) { return softmax(run.in("x"), along); });
    add_op(cases, std::string("log_softmax: ") + sample,
           [along](auto& run) { return log_softmax(run.in("x"), along); });
  }
  losses_of_targets<CrossEntropyOptions>(cases, "cross_entropy",
                                         [](const auto&... in) { return cross_entropy(in...); });
  losses_of_targets<NllLossOptions>(cases, "nll_loss",
                                    [](const auto&... in) { return nll_loss(in...); });
  for (const auto& [sample, reduction] :
       {std::pair{"mean", Reduction::mean}, {"sum", Reduction::sum}, {"none", Reduction::none}})
    add_op(cases, std::string("mse_loss: ") + sample, [how = reduction](auto& run) {
      return mse_loss(run.in("prediction"), run.in("target"), how);
    });
}

void embeddings(Cases& cases) {
  for (const std::string sample : {"an id many times, one never", "sequences"})
    add_op(cases, "embedding: " + sample, [](auto& run) {
      return embedding(run.in("weight"), run.integers("ids"), run.shape("ids"));
    });
}

}  // namespace

Cases op_cases() {
  Cases cases;
  elementwise(cases);
  arithmetic(cases);
  reductions(cases, "sum", [](const auto&... in) { return sum(in...); });
  reductions(cases, "mean", [](const auto&... in) { return mean(in...); });
  reductions(cases, "max", [](const auto&... in) { return max(in...); });
  shapes(cases);
  products(cases);
  convolutions(cases);
  pools(cases, "max_pool2d", [](const auto&... in) { return max_pool2d(in...); });
  pools(cases, "avg_pool2d", [](const auto&... in) { return avg_pool2d(in...); });
  add_op(cases, "global_avg_pool2d: images",
         [](auto& run) { return global_avg_pool2d(run.in("x")); });
  batch_norms(cases);
  losses(cases);
  embeddings(cases);
  auto recurrent = recurrent_op_cases();
  std::move(recurrent.begin(), recurrent.end(), std::back_inserter(cases));
  return cases;
}

}  // namespace golden
