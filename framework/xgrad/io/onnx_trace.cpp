#include <xgrad/core/error.hpp>
#include <xgrad/io/onnx_trace.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace xgrad::io {
namespace {

/// Writes down the ops that a value takes part in which comes from the input. What comes from
/// parameters alone is a constant.
class Recorder final : public OpTracer<float> {
 public:
  explicit Recorder(const Variable<float>& input) { add(input); }

  int number_of(const Variable<float>& variable) const {
    const auto& [node, output] = variable.edge();
    const auto found = numbers_.find({node.get(), output});
    return !node || found == numbers_.end() ? -1 : found->second;
  }
  Trace trace;

 private:
  int add(const Variable<float>& variable) {
    const auto number = static_cast<int>(trace.shapes.size());
    trace.shapes.push_back(variable.shape());
    // Without a node it cannot be told from a constant, and will be taken for one.
    if (!variable.requires_grad()) return number;
    numbers_[{variable.edge().node.get(), variable.edge().output}] = number;
    alive_.push_back(variable.edge());
    return number;
  }

  void traced(const TracedOp<float>& op) override {
    TraceStep step{.op = &op.op, .inputs = {}, .results = {}, .options = {}};
    bool from_input = false;
    for (const Variable<float>* const x : op.inputs) {
      TraceInput& input = step.inputs.emplace_back();
      if (!x->defined()) continue;
      input.value = number_of(*x);
      if (input.value < 0) input.constant = x->value();
      from_input = from_input || input.value >= 0;
    }
    if (!from_input) return;
    step.options.assign(op.options.begin(), op.options.end());
    for (const Variable<float>& result : op.results) step.results.push_back(add(result));
    trace.steps.push_back(std::move(step));
  }

  std::map<std::pair<const Node<float>*, int>, int> numbers_;
  std::vector<Edge<float>> alive_;  // so that no other node takes the place of one
};

// Leaves out what the result does not need.
void prune(Trace& trace) {
  std::vector<bool> needed(trace.shapes.size());
  needed[static_cast<std::size_t>(trace.output)] = true;
  const auto is_needed = [&](int value) { return needed[static_cast<std::size_t>(value)]; };
  std::vector<TraceStep> kept;
  for (auto step = trace.steps.rbegin(); step != trace.steps.rend(); ++step) {
    if (!std::any_of(step->results.begin(), step->results.end(), is_needed)) continue;
    for (const TraceInput& input : step->inputs)
      if (input.value >= 0) needed[static_cast<std::size_t>(input.value)] = true;
    kept.push_back(std::move(*step));
  }
  std::reverse(kept.begin(), kept.end());
  trace.steps = std::move(kept);
}

Trace run(nn::Module<float>& module, const Tensor<float>& images) {
  const RecordingAs recording(true);
  Variable<float> input(images, true);
  Recorder recorder(input);
  const Variable<float> result = module.forward(input);
  recorder.trace.output = result.defined() ? recorder.number_of(result) : -1;
  if (recorder.trace.output < 0)
    throw ValueError(
        "export_onnx: the result of the module does not come from its input by ops on variables "
        "alone: leave out detach(), NoGrad and computations on value() in forward()");
  prune(recorder.trace);
  return std::move(recorder.trace);
}

// As many values as the example has and a row more, all of them different from the example's.
Tensor<float> larger_batch(const Tensor<float>& example) {
  Tensor<float> larger = Tensor<float>::empty(example.shape().with(0, example.shape(0) + 1));
  float* const to = larger.data();
  for (Index i = 0; i < larger.size(); ++i)
    to[i] = 0.5f * example.data()[i % example.size()] + 0.25f;
  return larger;
}

bool same(const Tensor<float>& a, const Tensor<float>& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(float)) == 0;
}

bool same(const OpOption<float>& a, const OpOption<float>& b) {
  if (a.value.index() != b.value.index()) return false;
  if (const auto* const tensor = std::get_if<Tensor<float>>(&a.value))
    return same(*tensor, std::get<Tensor<float>>(b.value));
  if (const auto* const number = std::get_if<double>(&a.value))
    return *number == std::get<double>(b.value);
  return std::get<std::vector<Index>>(a.value) == std::get<std::vector<Index>>(b.value);
}

bool same_wiring(const TraceStep& a, const TraceStep& b) {
  const auto same_value = [](const TraceInput& x, const TraceInput& y) {
    return x.value == y.value;
  };
  return a.op == b.op && a.results == b.results &&
         std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(), same_value);
}

// Throws unless the two are the same but for shapes.
void check_same(const Trace& trace, const Trace& other) {
  const bool same_steps = std::equal(trace.steps.begin(), trace.steps.end(), other.steps.begin(),
                                     other.steps.end(), same_wiring);
  if (!same_steps || trace.shapes.size() != other.shapes.size() || trace.output != other.output)
    throw ValueError(
        "export_onnx: the module applies other ops to another batch: an exported graph has no "
        "branches, so forward() may not depend on the values or on the size of the batch");
  for (std::size_t s = 0; s < trace.steps.size(); ++s) {
    const TraceStep &a = trace.steps[s], &b = other.steps[s];
    for (std::size_t i = 0; i < a.inputs.size(); ++i)
      if (!same(a.inputs[i].constant, b.inputs[i].constant))
        throw ValueError(fmt::format(
            "export_onnx: {}: its input {} is a constant that changes with the module's input: "
            "compute it by ops on variables, without detach(), NoGrad and value()",
            describe_step(trace, s), a.op->input_name(static_cast<int>(i))));
    for (std::size_t i = 0; i < std::min(a.options.size(), b.options.size()); ++i)
      if (!same(a.options[i], b.options[i]))
        throw ValueError(
            fmt::format("export_onnx: {}: its option {} changes with the module's "
                        "input or the size of the batch: use a constant",
                        describe_step(trace, s), a.options[i].name));
  }
}

}  // namespace

std::string describe_step(const Trace& trace, std::size_t step) {
  const TraceStep& s = trace.steps[step];
  std::vector<std::string> inputs;
  for (const TraceInput& input : s.inputs)
    if (input.value >= 0)
      inputs.push_back(trace.shapes[static_cast<std::size_t>(input.value)].to_string());
  return fmt::format("op {} of {}, {}, which makes {} of {}", step + 1, trace.steps.size(),
                     s.op->name,
                     trace.shapes[static_cast<std::size_t>(s.results.front())].to_string(),
                     fmt::join(inputs, ", "));
}

Trace trace_module(nn::Module<float>& module, const Tensor<float>& example) {
  if (!example.defined() || example.shape().rank() < 1 || example.size() == 0)
    throw ValueError(
        fmt::format("export_onnx: the example is {}: give an input of the module, with at least "
                    "one row",
                    example.defined() ? example.shape().to_string() : "undefined"));
  Trace trace = run(module, example);
  const Trace other = run(module, larger_batch(example));
  check_same(trace, other);
  for (std::size_t v = 0; v < trace.shapes.size(); ++v) {
    Shape& shape = trace.shapes[v];
    const Shape larger = other.shapes[v];
    if (larger.rank() != shape.rank())
      throw ValueError(
          "export_onnx: the number of axes changes with the size of the batch: "
          "reshape to a fixed one");
    for (int axis = 0; axis < shape.rank(); ++axis)
      if (shape[axis] != larger[axis]) shape = shape.with(axis, -1);
  }
  return trace;
}

}  // namespace xgrad::io
