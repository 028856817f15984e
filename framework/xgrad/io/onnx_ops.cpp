// What each op is in ONNX (https://github.com/onnx/onnx/blob/main/docs/Operators.md, operator set
// 13).

#include <xgrad/io/onnx_step.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/conv.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xgrad::io {
namespace {

using Indices = std::vector<Index>;

OnnxAttribute list(const char* name, const Indices& values) {
  return {name, std::span<const Index>(values)};
}

Indices to_indices(const Shape& shape) { return {shape.begin(), shape.end()}; }

// Where our axis lies.
Index place_of(Index axis, const AxisOrder& order) {
  return std::find(order.begin(), order.end(), static_cast<int>(axis)) - order.begin();
}

void elementwise(OnnxStep& s, const char* type) {
  const AxisOrder order = s.order(0);
  s.result(s.node(type, {s.in(0, order)}), order);
}

void with_scalar(OnnxStep& s, const char* type) {
  const AxisOrder order = s.order(0);
  s.result(s.node(type, {s.in(0, order), s.scalar(s.number("s"))}), order);
}

void scalar_with(OnnxStep& s, const char* type) {
  const AxisOrder order = s.order(0);
  s.result(s.node(type, {s.scalar(s.number("s")), s.in(0, order)}), order);
}

void power(OnnxStep& s, const char* type) {
  const AxisOrder order = s.order(0);
  s.result(s.node(type, {s.in(0, order), s.scalar(s.number("exponent"))}), order);
}

// Axes are matched from the last one on, so an operand that has less of them gets them in front
// before they are brought into another order.
std::string operand(OnnxStep& s, int i, const AxisOrder& order) {
  const Shape shape = s.shape(i);
  const auto rank = static_cast<int>(order.size());
  if (shape.rank() == rank) return s.in(i, order);
  const std::string own = s.in(i, as_here(shape.rank()));
  const Indices extents = to_indices(shape);
  const auto long_axes = shape.rank() - std::count(extents.begin(), extents.end(), 1);
  if (order == as_here(rank) || long_axes == 0) return own;
  Indices full(static_cast<std::size_t>(rank - shape.rank()), 1);
  full.insert(full.end(), extents.begin(), extents.end());
  const bool moves = long_axes > 1;  // a single axis needs no transposition, only another place
  if (!moves) full = to_indices(ordered(Shape(std::span<const Index>(full)), order));
  const std::string reshaped =
      s.node("Reshape", {own, s.integers_input("_shape", full)}, {}, "_reshaped");
  if (!moves) return reshaped;
  return s.node("Transpose", {reshaped}, {list("perm", Indices(order.begin(), order.end()))},
                "_transposed");
}

void arithmetic(OnnxStep& s, const char* type) {
  const int rank = s.result_shape().rank();
  AxisOrder order = as_here(rank);
  for (const int i : {1, 0})
    if (!s.is_constant(i) && s.shape(i).rank() == rank) order = s.order(i);
  s.result(s.node(type, {operand(s, 0, order), operand(s, 1, order)}), order);
}

// A window's extents in height and width; of a sequence, which is an image of one row, in length.
Indices window(const OnnxStep& s, const char* option) {
  const Indices& both = s.integers(option);
  return s.result_shape().rank() == 4 ? both : Indices{both.at(1)};
}

Indices twice(Indices values) {
  values.reserve(2 * values.size());
  values.insert(values.end(), values.begin(), values.end());
  return values;
}

void convolution(OnnxStep& s, const char* type) {
  const int rank = s.result_shape().rank();
  const Shape w = s.shape(1);
  std::vector<std::string> inputs{s.in(0, channels_first(rank)), s.in(1, channels_first(rank))};
  if (s.has_input(2)) inputs.push_back(s.in(2, as_here(1)));
  s.result(s.node(type, inputs,
                  {list("kernel_shape", Indices(w.begin() + 1, w.end() - 1)),
                   list("strides", window(s, "stride")),
                   list("pads", twice(window(s, "padding"))),
                   list("dilations", window(s, "dilation")),
                   {"group", s.integers("groups").front()}}),
           channels_first(rank));
}

OnnxAttributes pool_attributes(const OnnxStep& s) {
  return {list("kernel_shape", s.integers("kernel")), list("strides", s.integers("stride")),
          list("pads", twice(s.integers("padding")))};
}

void max_pool(OnnxStep& s, const char* type) {
  s.result(s.node(type, {s.in(0, channels_first(4))}, pool_attributes(s)), channels_first(4));
}

// Zeros around the image are part of the mean.
void average_pool(OnnxStep& s, const char* type) {
  OnnxAttributes attributes = pool_attributes(s);
  attributes.emplace_back("count_include_pad", Index{1});
  s.result(s.node(type, {s.in(0, channels_first(4))}, attributes), channels_first(4));
}

void global_average_pool(OnnxStep& s, const char* type) {
  const std::string mean = s.node(type, {s.in(0, channels_first(4))});  // [N, C, 1, 1]
  s.result(s.node("Flatten", {mean}, {{"axis", Index{1}}}, "_flatten"), as_here(2));
}

void batch_norm(OnnxStep& s, const char* type) {
  if (s.integers("training").front() != 0)
    s.fail("it normalises by the batch, as in training: let the module's is_training() decide");
  const Tensor<float>& mean = s.tensor("running_mean");
  const auto factor = [&](int i, float value) {
    return s.has_input(i) ? s.in(i, as_here(1))
                          : s.constant(Tensor<float>::full(mean.shape(), value));
  };
  const AxisOrder order = channels_first(s.result_shape().rank());
  const std::string x = s.in(0, order), gamma = factor(1, 1), beta = factor(2, 0);
  s.result(s.node(type, {x, gamma, beta, s.constant(mean), s.constant(s.tensor("running_var"))},
                  {{"epsilon", static_cast<float>(s.number("eps"))}}),
           order);
}

// Gemm takes matrices alone.
void linear(OnnxStep& s, const char* type) {
  const int rank = s.result_shape().rank();
  std::vector<std::string> inputs{s.in(0, as_here(rank)), s.in(1, as_here(2))};
  if (rank == 2) {
    if (s.has_input(2)) inputs.push_back(s.in(2, as_here(1)));
    return s.result(s.node(type, inputs, {{"transB", Index{1}}}), as_here(rank));
  }
  inputs[1] = s.node("Transpose", {inputs[1]}, {list("perm", {1, 0})}, "_weight_transposed");
  std::string product = s.node("MatMul", inputs, {}, "_product");
  if (s.has_input(2)) product = s.node("Add", {product, s.in(2, as_here(1))});
  s.result(product, as_here(rank));
}

void product(OnnxStep& s, const char* type) {
  const int rank = s.result_shape().rank();
  s.result(s.node(type, {s.in(0, as_here(rank)), s.in(1, as_here(rank))}), as_here(rank));
}

void along_axis(OnnxStep& s, const char* type) {
  const AxisOrder order = s.order(0);
  s.result(s.node(type, {s.in(0, order)}, {{"axis", place_of(s.integers("axis").front(), order)}}),
           order);
}

void reshape(OnnxStep& s, const char* type) {
  const Shape shape = s.result_shape();
  const Indices extents = to_indices(shape);
  if (std::count(extents.begin(), extents.end(), -1) > 1)
    s.fail("several axes of its result depend on the size of the batch: let it be one of them");
  const std::string x = s.in_sequence(0);
  s.result(s.node(type, {x, s.integers_input("_shape", extents)}), as_here(shape.rank()));
}

// ONNX's makes a matrix; what it merges before its axis is the batch alone.
void flatten(OnnxStep& s, const char* type) {
  if (s.result_shape() == s.shape(0)) return s.result(s.in(0, s.order(0)), s.order(0));
  if (s.result_shape().rank() != 2) return reshape(s, "Reshape");
  s.result(s.node(type, {s.in_sequence(0)}, {{"axis", Index{1}}}), as_here(2));
}

// Nothing moves: the same value in another order.
void permute(OnnxStep& s, const char*) {
  const Indices& axes = s.integers("axes");  // axis i of y is axis axes[i] of x
  const AxisOrder now = s.order(0);
  AxisOrder order;
  for (const int axis : now)
    order.push_back(static_cast<int>(std::find(axes.begin(), axes.end(), axis) - axes.begin()));
  s.result(s.in(0, now), order);
}

void concat(OnnxStep& s, const char* type) {
  AxisOrder order = s.order(0);
  for (int i = s.input_count() - 1; i >= 0; --i)
    if (!s.is_constant(i)) order = s.order(i);
  std::vector<std::string> inputs;
  for (int i = 0; i < s.input_count(); ++i) inputs.push_back(s.in(i, order));
  s.result(s.node(type, inputs, {{"axis", place_of(s.integers("axis").front(), order)}}), order);
}

void slice(OnnxStep& s, const char* type) {
  const AxisOrder order = s.order(0);
  const Indices axis{place_of(s.integers("axis").front(), order)};
  const std::string x = s.in(0, order);
  s.result(
      s.node(type, {x, s.integers_input("_begin", s.integers("begin")),
                    s.integers_input("_end", s.integers("end")), s.integers_input("_axis", axis),
                    s.integers_input("_step", s.integers("step"))}),
      order);
}

void pad(OnnxStep& s, const char* type) {
  const AxisOrder order = s.order(0);
  Indices widths;
  for (const char* const side : {"before", "after"})
    for (const int axis : order)
      widths.push_back(s.integers(side).at(static_cast<std::size_t>(axis)));
  const std::string x = s.in(0, order);
  s.result(s.node(type, {x, s.integers_input("_widths", widths), s.scalar(s.number("value"))}),
           order);
}

void reduction(OnnxStep& s, const char* type) {
  const Indices& reduced = s.integers("axes");
  const AxisOrder now = s.order(0);
  const bool keeps = s.result_shape().rank() == s.shape(0).rank();
  Indices places;
  AxisOrder order;
  for (const int axis : now) {
    const auto end = std::find(reduced.begin(), reduced.end(), axis);
    if (end != reduced.end()) places.push_back(place_of(axis, now));
    if (keeps)
      order.push_back(axis);
    else if (end == reduced.end())  // axes before it that go let it move to the front
      order.push_back(axis -
                      static_cast<int>(std::count_if(reduced.begin(), reduced.end(),
                                                     [&](Index other) { return other < axis; })));
  }
  const std::string x = s.in(0, now);
  const OnnxAttribute keep{"keepdims", Index{keeps}};
  if (std::string_view(type) == "ReduceSum")  // whose axes became an input first
    s.result(s.node(type, {x, s.integers_input("_axes", places)}, {keep}), order);
  else
    s.result(s.node(type, {x}, {list("axes", places), keep}), order);
}

struct Translation {
  const OpInfo* op;
  const char* type;  // of ONNX
  void (*add)(OnnxStep&, const char* type);
};

constexpr Translation translations[] = {
    {&conv2d_op, "Conv", convolution},
    {&conv1d_op, "Conv", convolution},
    {&max_pool2d_op, "MaxPool", max_pool},
    {&avg_pool2d_op, "AveragePool", average_pool},
    {&global_avg_pool2d_op, "GlobalAveragePool", global_average_pool},
    {&batch_norm_op, "BatchNormalization", batch_norm},
    {&linear_op, "Gemm", linear},
    {&matmul_op, "MatMul", product},
    {&tanh_op, "Tanh", elementwise},
    {&relu_op, "Relu", elementwise},
    {&sigmoid_op, "Sigmoid", elementwise},
    {&exp_op, "Exp", elementwise},
    {&log_op, "Log", elementwise},
    {&sqrt_op, "Sqrt", elementwise},
    {&neg_op, "Neg", elementwise},
    {&pow_op, "Pow", power},
    {&softmax_op, "Softmax", along_axis},
    {&log_softmax_op, "LogSoftmax", along_axis},
    {&add_op, "Add", arithmetic},
    {&sub_op, "Sub", arithmetic},
    {&mul_op, "Mul", arithmetic},
    {&div_op, "Div", arithmetic},
    {&add_scalar_op, "Add", with_scalar},
    {&mul_scalar_op, "Mul", with_scalar},
    {&div_scalar_op, "Div", with_scalar},
    {&rsub_scalar_op, "Sub", scalar_with},
    {&rdiv_scalar_op, "Div", scalar_with},
    {&reshape_op, "Reshape", reshape},
    {&flatten_op, "Flatten", flatten},
    {&permute_op, "Transpose", permute},
    {&concat_op, "Concat", concat},
    {&slice_op, "Slice", slice},
    {&pad_op, "Pad", pad},
    {&sum_op, "ReduceSum", reduction},
    {&mean_op, "ReduceMean", reduction},
    {&max_op, "ReduceMax", reduction},
};

}  // namespace

void translate(OnnxValues& values, std::size_t number) {
  OnnxStep step(values, number);
  const OpInfo* const op = values.trace.steps[number].op;
  for (const Translation& translation : translations)
    if (translation.op == op) return translation.add(step, translation.type);
  step.fail("this op has no translation to ONNX: compute the same by other ops");
}

}  // namespace xgrad::io
