#pragma once
// From the ops of a trace to the nodes of ONNX. Private.

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <xgrad/io/onnx_graph.hpp>
#include <xgrad/io/onnx_trace.hpp>

namespace xgrad::io {

/// How the axes of a value of ours lie in its counterpart: axis i there is our axis order[i]. Most
/// values below a convolution are channels-first there; a permutation is a change of the order, and
/// costs a node only where somebody needs another one.
using AxisOrder = std::vector<int>;

AxisOrder as_here(int rank);         ///< 0, 1, 2, ...
AxisOrder channels_first(int rank);  ///< [N, H, W, C] as [N, C, H, W]
Shape ordered(const Shape& shape, const AxisOrder& order);

/// The counterparts of the values so far.
class OnnxValues {
 public:
  struct Value {
    std::string name;
    AxisOrder order;
  };

  OnnxValues(const Trace& trace, const nn::Module<float>& module, const std::string& input_name);

  /// The state_dict() name of a parameter or buffer; "" for another tensor.
  std::string name_of(const Tensor<float>& tensor) const;

  /// The name of a value with its axes in that order; transposed if need be.
  std::string value(int number, const AxisOrder& order);
  const AxisOrder& order_of(int number) const { return at(number).order; }
  void set(int number, Value value) { values_[number] = std::move(value); }
  /// The name of a constant, added when first asked for.
  std::string constant(const Tensor<float>& tensor, const AxisOrder& order);

  OnnxGraph graph;
  const Trace& trace;

 private:
  const Value& at(int number) const { return values_.at(number); }

  std::map<int, Value> values_;
  std::map<std::pair<int, AxisOrder>, std::string> transposed_;
  struct Named {
    std::string name;
    Tensor<float> tensor;
  };
  std::vector<Named> state_;
  using Key = std::tuple<const float*, std::string, AxisOrder>;
  std::map<Key, std::string> constants_;
  std::vector<Tensor<float>> alive_;  // so that no other tensor takes the place of one
};

/// One op of the trace, for what translates it.
class OnnxStep {
 public:
  OnnxStep(OnnxValues& values, std::size_t number);

  int input_count() const { return static_cast<int>(step_.inputs.size()); }
  bool has_input(int i) const { return input(i).value >= 0 || input(i).constant.defined(); }
  bool is_constant(int i) const { return input(i).value < 0; }
  Shape shape(int i) const;
  Shape result_shape() const { return shape_of(step_.results.front()); }
  /// The axes of input i as they lie now; of a constant, as here.
  AxisOrder order(int i) const;
  /// The name of input i in that order.
  std::string in(int i, const AxisOrder& order);
  /// The name of input i in any order in which its elements follow each other as ours do.
  std::string in_sequence(int i);

  const std::vector<Index>& integers(const char* option) const;
  double number(const char* option) const;
  const Tensor<float>& tensor(const char* option) const;

  /// Adds a node and returns its result's name; `note` tells it from others of this step.
  std::string node(const char* type, std::vector<std::string> inputs,
                   const OnnxAttributes& attributes = {}, const char* note = "");
  std::string integers_input(const char* note, std::span<const Index> integers);
  std::string constant(const Tensor<float>& tensor) {
    return values_.constant(tensor, as_here(tensor.shape().rank()));
  }
  std::string scalar(double value);
  /// The result, in that order.
  void result(std::string name, AxisOrder order);

  /// Throws ValueError: this op cannot be translated, because.
  [[noreturn]] void fail(const std::string& why) const;

 private:
  const TraceInput& input(int i) const { return step_.inputs.at(static_cast<std::size_t>(i)); }
  const Shape& shape_of(int value) const {
    return values_.trace.shapes[static_cast<std::size_t>(value)];
  }
  const OpOption<float>& option(const char* name) const;

  OnnxValues& values_;
  const std::size_t number_;
  const TraceStep& step_;
  std::string stem_;  // of the names of its nodes: the layer's, "conv1", or the op's, "tanh"
};

/// Adds the nodes of a step. Throws ValueError for an op that is not in the table.
void translate(OnnxValues& values, std::size_t step);

}  // namespace xgrad::io
