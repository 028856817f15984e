#pragma once
// What a module computes, as a list of ops. Private.

#include <string>
#include <utility>
#include <vector>

#include <xgrad/autograd/op_tracer.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::io {

/// What an op takes: a value that comes from the input, or a tensor that does not; or nothing.
struct TraceInput {
  int value = -1;            ///< its number; -1 for a constant
  Tensor<float> constant{};  ///< undefined: an absent input
};

struct TraceStep {
  const OpInfo* op;
  std::vector<TraceInput> inputs;
  std::vector<int> results;  ///< numbers of values
  std::vector<OpOption<float>> options;
};

struct Trace {
  std::vector<TraceStep> steps{};
  std::vector<Shape> shapes{};  ///< of the values; 0 is the input. -1: depends on the batch
  int output = 0;               ///< the value that is the result
};

/// The ops between the module's input and its result, in their order; `module` is run as it stands.
/// Throws ValueError for what cannot be written down as such a list, see export_onnx().
Trace trace_module(nn::Module<float>& module, const Tensor<float>& example);

/// "op 3, tanh, which makes [-1, 10] of [-1, 20]", for messages.
std::string describe_step(const Trace& trace, std::size_t step);

}  // namespace xgrad::io
