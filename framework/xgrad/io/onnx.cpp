#include <xgrad/core/error.hpp>
#include <xgrad/io/atomic_file.hpp>
#include <xgrad/io/onnx.hpp>
#include <xgrad/io/onnx_step.hpp>

#include <fmt/format.h>

#include <span>

namespace xgrad::io {
namespace {

constexpr std::uint64_t ir_version = 7;  // that of operator set 13

// In evaluation as long as it lives, and then as before.
class Evaluating {
 public:
  explicit Evaluating(nn::Module<float>& module) : module_(module), before_(module.is_training()) {
    module.eval();
  }
  ~Evaluating() { module_.train(before_); }
  Evaluating(const Evaluating&) = delete;
  Evaluating& operator=(const Evaluating&) = delete;

 private:
  nn::Module<float>& module_;
  bool before_;
};

std::string to_text(const Shape& shape) {
  std::vector<std::string> extents;
  for (const Index extent : shape)
    extents.push_back(extent < 0 ? "batch" : fmt::format("{}", extent));
  return fmt::format("{}", fmt::join(extents, " x "));
}

// ModelProto
ProtobufMessage model_message(const OnnxGraph& graph, const OnnxOptions& options) {
  ProtobufMessage model;
  model.integer(1, ir_version).bytes(2, "xgrad").bytes(3, XGRAD_VERSION);
  if (!options.description.empty()) model.bytes(6, options.description);
  model.message(7, graph.message(options.graph_name));
  model.message(8, ProtobufMessage().bytes(1, "").integer(2, onnx_opset));
  for (const auto& [key, value] : options.metadata)
    model.message(14, ProtobufMessage().bytes(1, key).bytes(2, value));
  return model;
}

}  // namespace

OnnxSummary export_onnx(const std::filesystem::path& path, nn::Module<float>& module,
                        const Tensor<float>& example, const OnnxOptions& options) {
  if (options.input_name.empty() || options.input_name == options.output_name ||
      options.output_name.empty())
    throw ValueError(
        fmt::format("export_onnx: input_name is \"{}\" and output_name \"{}\": give "
                    "two different names",
                    options.input_name, options.output_name));
  const Evaluating evaluating(module);
  const Trace trace = trace_module(module, example);
  OnnxValues values(trace, module, options.input_name);
  OnnxGraph& graph = values.graph;
  const Shape input = ordered(trace.shapes.front(), values.order_of(0));
  graph.set_input(options.input_name, input);
  graph.unique_name(options.output_name);
  for (std::size_t step = 0; step < trace.steps.size(); ++step) translate(values, step);

  // Images, and sequences that went in channels-first, come out in the same way.
  Shape output = trace.shapes[static_cast<std::size_t>(trace.output)];
  const bool sequence = output.rank() == 3 && values.order_of(0) == channels_first(3);
  const AxisOrder order =
      output.rank() == 4 || sequence ? channels_first(output.rank()) : as_here(output.rank());
  std::string result = values.value(trace.output, order);
  if (result == options.input_name) result = graph.add_node("Identity", "identity", {result});
  output = ordered(output, order);
  graph.set_output(result, options.output_name, output);

  AtomicFile file(path);
  file.write(std::as_bytes(std::span(model_message(graph, options).data())));
  file.commit();
  return {.opset = onnx_opset,
          .nodes = graph.node_count(),
          .input = to_text(input),
          .output = to_text(output)};
}

}  // namespace xgrad::io
