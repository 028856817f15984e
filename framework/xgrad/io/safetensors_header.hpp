#pragma once
// Private.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <xgrad/core/shape.hpp>
#include <xgrad/io/safetensors.hpp>

namespace xgrad::io {

struct TensorEntry {
  std::string name{};
  std::string dtype{};  ///< "F32", "F64" or "I64"
  Shape shape{};
  std::uint64_t begin = 0, end = 0;  ///< in the data
};

struct SafetensorsHeader {
  Metadata metadata{};
  std::vector<TensorEntry> tensors{};  ///< in the order of the data
};

/// Reads and checks the JSON text of a header, for a file with `data_bytes` bytes of data. Throws
/// IoError naming `path`, the key, what was found and what was expected.
SafetensorsHeader parse_safetensors_header(const std::filesystem::path& path,
                                           const std::string& text, std::uint64_t data_bytes);

/// The JSON text of a header, padded so that the data is aligned to 8 bytes. Throws ValueError for
/// names that are not UTF-8.
std::string format_safetensors_header(const SafetensorsHeader& header);

}  // namespace xgrad::io
