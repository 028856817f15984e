#pragma once
// A graph of ONNX under construction. Field numbers are those of onnx.proto, version IR 7
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Private.

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <xgrad/core/tensor.hpp>
#include <xgrad/io/protobuf.hpp>

namespace xgrad::io {

inline constexpr int onnx_opset = 13;

/// An attribute of a node.
class OnnxAttribute {
 public:
  OnnxAttribute(const char* name, Index integer);
  OnnxAttribute(const char* name, float number);
  OnnxAttribute(const char* name, std::span<const Index> integers);
  const ProtobufMessage& message() const { return message_; }

 private:
  ProtobufMessage message_;
};

using OnnxAttributes = std::vector<OnnxAttribute>;

class OnnxGraph {
 public:
  /// Makes `wanted` a name that nothing has, by a number where need be, and takes it.
  std::string unique_name(const std::string& wanted);

  /// Adds a node; its name, which is also that of its result, is returned and made of `name`.
  /// An empty input stands for an absent one.
  std::string add_node(const char* type, const std::string& name, std::vector<std::string> inputs,
                       const OnnxAttributes& attributes = {});
  /// A constant, under a name made of `name`.
  std::string add_tensor(const std::string& name, const Tensor<float>& tensor);
  /// One of integers, as shapes and axes are.
  std::string add_integers(const std::string& name, std::span<const Index> integers);

  /// The input and the output of the graph; an extent of -1 is the batch.
  void set_input(const std::string& name, const Shape& shape);
  /// `value` is what is called `name` from now on.
  void set_output(const std::string& value, const std::string& name, const Shape& shape);

  /// As GraphProto.
  ProtobufMessage message(const std::string& name) const;

  Index node_count() const { return static_cast<Index>(nodes_.size()); }

 private:
  struct Node {
    const char* type;
    std::string name;
    std::vector<std::string> inputs;
    std::string output;
    OnnxAttributes attributes;
  };

  std::set<std::string> names_;
  std::vector<Node> nodes_;
  std::vector<ProtobufMessage> tensors_;
  ProtobufMessage input_, output_;
};

}  // namespace xgrad::io
