#include <xgrad/io/onnx_graph.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xgrad::io {
namespace {

enum DataType : std::uint64_t { float32 = 1, int64 = 7 };                  // TensorProto.DataType
enum AttributeType : std::uint64_t { a_float = 1, an_int = 2, ints = 7 };  // AttributeProto

// TensorProto
template <class Extents, class T>
ProtobufMessage tensor_message(const std::string& name, DataType type, const Extents& extents,
                               std::span<const T> values) {
  ProtobufMessage message;
  for (const Index extent : extents) message.integer(1, static_cast<std::uint64_t>(extent));
  message.integer(2, type).bytes(8, name);
  const auto bytes = std::as_bytes(values);
  return message.bytes(9, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// ValueInfoProto
ProtobufMessage value_message(const std::string& name, const Shape& shape) {
  ProtobufMessage extents;  // TensorShapeProto
  for (const Index extent : shape) {
    ProtobufMessage dimension;
    if (extent < 0)
      dimension.bytes(2, "batch");
    else
      dimension.integer(1, static_cast<std::uint64_t>(extent));
    extents.message(1, dimension);
  }
  const auto tensor = ProtobufMessage().integer(1, float32).message(2, extents);
  return ProtobufMessage().bytes(1, name).message(2, ProtobufMessage().message(1, tensor));
}

}  // namespace

OnnxAttribute::OnnxAttribute(const char* name, Index integer) {
  message_.bytes(1, name).integer(3, static_cast<std::uint64_t>(integer)).integer(20, an_int);
}

OnnxAttribute::OnnxAttribute(const char* name, float number) {
  message_.bytes(1, name).number(2, number).integer(20, a_float);
}

OnnxAttribute::OnnxAttribute(const char* name, std::span<const Index> integers) {
  message_.bytes(1, name);
  for (const Index integer : integers) message_.integer(8, static_cast<std::uint64_t>(integer));
  message_.integer(20, ints);
}

std::string OnnxGraph::unique_name(const std::string& wanted) {
  std::string name = wanted;
  for (int k = 2; !names_.insert(name).second; ++k) name = fmt::format("{}_{}", wanted, k);
  return name;
}

std::string OnnxGraph::add_node(const char* type, const std::string& name,
                                std::vector<std::string> inputs, const OnnxAttributes& attributes) {
  const std::string own = unique_name(name);
  nodes_.push_back({type, own, std::move(inputs), own, attributes});
  return own;
}

std::string OnnxGraph::add_tensor(const std::string& name, const Tensor<float>& tensor) {
  const std::string own = unique_name(name);
  tensors_.push_back(tensor_message(own, float32, tensor.shape(), tensor.values()));
  return own;
}

std::string OnnxGraph::add_integers(const std::string& name, std::span<const Index> integers) {
  const std::string own = unique_name(name);
  const std::vector<std::int64_t> values(integers.begin(), integers.end());
  const std::vector<Index> extents{static_cast<Index>(values.size())};
  tensors_.push_back(tensor_message(own, int64, extents, std::span(values)));
  return own;
}

void OnnxGraph::set_input(const std::string& name, const Shape& shape) {
  names_.insert(name);
  input_ = value_message(name, shape);
}

void OnnxGraph::set_output(const std::string& value, const std::string& name, const Shape& shape) {
  for (Node& node : nodes_) {
    if (node.output == value) node.output = name;
    std::replace(node.inputs.begin(), node.inputs.end(), value, name);
  }
  output_ = value_message(name, shape);
}

ProtobufMessage OnnxGraph::message(const std::string& name) const {
  ProtobufMessage graph;
  for (const Node& node : nodes_) {
    ProtobufMessage message;
    for (const std::string& input : node.inputs) message.bytes(1, input);
    message.bytes(2, node.output).bytes(3, node.name).bytes(4, node.type);
    for (const OnnxAttribute& attribute : node.attributes) message.message(5, attribute.message());
    graph.message(1, message);
  }
  graph.bytes(2, name);
  for (const ProtobufMessage& tensor : tensors_) graph.message(5, tensor);
  return graph.message(11, input_).message(12, output_);
}

}  // namespace xgrad::io
