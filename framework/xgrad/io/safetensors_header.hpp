#pragma once
// Private.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <xgrad/core/shape.hpp>
#include <xgrad/io/safetensors.hpp>

namespace xgrad::io {

struct TensorEntry {
  std::string dtype{};
  Shape shape{};
  std::uint64_t begin = 0, end = 0;  ///< in the data
};

struct SafetensorsHeader {
  Metadata metadata{};
  std::map<std::string, TensorEntry> tensors{};  ///< by name
};

/// Reads and checks the JSON text of a header, for a file with `data_bytes` bytes of data. Throws
/// IoError naming `path`, the key, what was found and what was expected.
SafetensorsHeader parse_safetensors_header(const std::filesystem::path& path, std::string_view text,
                                           std::uint64_t data_bytes);

/// The JSON text of a header, padded so that the data is aligned to 8 bytes. Throws ValueError for
/// names that are not UTF-8.
std::string format_safetensors_header(const SafetensorsHeader& header);

}  // namespace xgrad::io
