#pragma once
// The options of samples as the naive references get them: of ops that take plain arguments, a
// struct of those with their declaration's defaults; of ops that need to know more than their
// options, a struct with the field `options`. Private.

#include <vector>

#include <xgrad/ops/axes.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/recurrent.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad::samples {

/// Of pow, and of arithmetic with a number.
struct NumberArgument {
  double number = 1;
};

struct DropoutArguments {
  double p = 0;
  bool training = false;
};

struct ReduceArguments {
  Axes axes{};
  bool keepdims = false;
};

/// Of softmax and log_softmax.
struct SoftmaxArguments {
  int axis = -1;
};

struct MseLossArguments {
  Reduction reduction = Reduction::mean;
};

struct ReshapeArguments {
  Shape shape{};
};

struct FlattenArguments {
  int start_axis = 1;
};

struct PermuteArguments {
  Axes axes{};
};

struct ConcatArguments {
  int axis = 0;
};

struct SliceArguments {
  int axis = 0;
  Index begin = 0, end = 0, step = 1;
};

struct PadArguments {
  std::vector<PadWidth> widths{};
  double value = 0;
};

struct EmbeddingArguments {
  std::vector<std::int32_t> ids{};
  Shape ids_shape{};  ///< of one axis: the default
};

/// Of the losses of labelled examples.
template <class Options>
struct LabelCase {
  Options options{};
  std::vector<std::int32_t> labels{};
};

struct BatchNormCase {
  BatchNormOptions options{};
  BatchNormStats<double> before{0};  ///< the running statistics before the call
};

/// A batch norm that max_pool2d takes along.
struct NormPoolOptions {
  BatchNormOptions norm{};
  PoolOptions pool{};
};
struct NormPoolCase {
  NormPoolOptions options{};
  BatchNormStats<double> before{0};
};

/// The sampled output is everything a layer returns: output, h and (of an LSTM) c, joined along the
/// steps: [T + 1, B, H] or [T + 2, B, H].
struct RecurrentCase {
  RecurrentOptions options{};
  std::vector<std::int32_t> ids{};  ///< the input where x is absent
  Index steps = 0, batch = 0;       ///< of the ids
};

}  // namespace xgrad::samples
