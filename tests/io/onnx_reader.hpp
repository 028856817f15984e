#pragma once
// As much of an ONNX file as the tests look at, read from its bytes without the code that writes
// it.

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/core/tensor.hpp>

/// A field of a Protocol Buffers message: a number, or bytes.
struct ProtobufField {
  std::uint64_t number = 0, integer = 0;
  std::string_view bytes{};
};

inline std::vector<ProtobufField> protobuf_fields(std::string_view message) {
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      BOOST_TEST_REQUIRE(!message.empty());
      const auto byte = static_cast<unsigned char>(message.front());
      message.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const auto take = [&](std::size_t size) {
    BOOST_TEST_REQUIRE(message.size() >= size);
    const std::string_view taken = message.substr(0, size);
    message.remove_prefix(size);
    return taken;
  };
  std::vector<ProtobufField> fields;
  while (!message.empty()) {
    const std::uint64_t tag = varint();
    ProtobufField field{.number = tag >> 3};
    switch (tag & 7) {
      case 0:
        field.integer = varint();
        break;
      case 1:
        field.bytes = take(8);
        break;
      case 2:
        field.bytes = take(varint());
        break;
      default:
        BOOST_TEST_REQUIRE((tag & 7) == 5U);
        field.bytes = take(4);
    }
    fields.push_back(field);
  }
  return fields;
}

struct OnnxFile {
  struct Node {
    std::string type, name, output;
    std::vector<std::string> inputs;
  };
  std::vector<Node> nodes;
  std::map<std::string, xgrad::Tensor<float>> tensors;  ///< those of floats

  std::vector<std::string> types() const {
    std::vector<std::string> all;
    for (const Node& node : nodes) all.push_back(node.type);
    return all;
  }
  std::vector<std::string> node_names() const {
    std::vector<std::string> all;
    for (const Node& node : nodes) all.push_back(node.name);
    return all;
  }
};

inline OnnxFile read_onnx(std::string_view model) {
  OnnxFile file;
  std::string_view graph;
  for (const ProtobufField& field : protobuf_fields(model))
    if (field.number == 7) graph = field.bytes;
  for (const ProtobufField& field : protobuf_fields(graph)) {
    if (field.number == 1) {
      OnnxFile::Node& node = file.nodes.emplace_back();
      for (const ProtobufField& part : protobuf_fields(field.bytes)) {
        if (part.number == 1) node.inputs.emplace_back(part.bytes);
        if (part.number == 2) node.output = part.bytes;
        if (part.number == 3) node.name = part.bytes;
        if (part.number == 4) node.type = part.bytes;
      }
    } else if (field.number == 5) {
      std::vector<xgrad::Index> extents;
      std::uint64_t type = 0;
      std::string name;
      std::string_view bytes;
      for (const ProtobufField& part : protobuf_fields(field.bytes)) {
        if (part.number == 1) extents.push_back(static_cast<xgrad::Index>(part.integer));
        if (part.number == 2) type = part.integer;
        if (part.number == 8) name = part.bytes;
        if (part.number == 9) bytes = part.bytes;
      }
      if (type != 1) continue;
      auto tensor =
          xgrad::Tensor<float>::empty(xgrad::Shape(std::span<const xgrad::Index>(extents)));
      BOOST_TEST_REQUIRE(bytes.size() == tensor.values().size_bytes());
      std::memcpy(tensor.data(), bytes.data(), bytes.size());
      file.tensors.emplace(name, tensor);
    }
  }
  return file;
}
