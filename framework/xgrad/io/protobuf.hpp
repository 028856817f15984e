#pragma once
// Writes messages in the wire format of Protocol Buffers
// (https://protobuf.dev/programming-guides/encoding): all that event files and ONNX need of it.
// Private.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace xgrad::io {

/// A message under construction; fields are numbered as in the .proto that describes it.
class ProtobufMessage {
 public:
  ProtobufMessage& integer(int field, std::uint64_t value) {
    tag(field, 0);
    varint(value);
    return *this;
  }
  ProtobufMessage& number(int field, double value) {
    tag(field, 1);
    return raw(value);
  }
  ProtobufMessage& number(int field, float value) {
    tag(field, 5);
    return raw(value);
  }
  /// A text, bytes or packed numbers.
  ProtobufMessage& bytes(int field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    data_ += value;
    return *this;
  }
  ProtobufMessage& message(int field, const ProtobufMessage& value) {
    return bytes(field, value.data_);
  }

  const std::string& data() const { return data_; }

 private:
  void tag(int field, std::uint64_t wire_type) {
    varint(static_cast<std::uint64_t>(field) << 3 | wire_type);
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) data_ += static_cast<char>(value | 0x80);
    data_ += static_cast<char>(value);
  }
  template <class T>
  ProtobufMessage& raw(T value) {
    static_assert(std::endian::native == std::endian::little);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    data_.append(bytes, sizeof(T));
    return *this;
  }

  std::string data_;
};

}  // namespace xgrad::io
