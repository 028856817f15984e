#pragma once
// Files of named tensors in the safetensors format (https://github.com/huggingface/safetensors),
// which PyTorch and others read and write:
//
//   file   = length header data
//   length = size of the header in bytes, 8 bytes, little-endian, at most 100 MB
//   header = JSON, padded with spaces:
//            {"__metadata__": {"key": "text", ...},
//             "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}
//   data   = the tensors, row-major, little-endian; offsets count from its start, and the tensors
//            cover it without holes and overlaps

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/core/state_dict.hpp>

namespace xgrad::io {

using Metadata = std::map<std::string, std::string>;

/// A file open for reading, one tensor at a time: what safe_open is in Python. It is mapped into
/// memory, so a tensor that nobody asks for costs nothing. Its header is checked in full, at a cost
/// that the size of the file bounds. Copies share the mapping, and may be used by several threads.
/// The file must not be shortened meanwhile; to replace it, as save_safetensors does, is safe.
class SafetensorsFile {
 public:
  /// Throws IoError naming the file, the key, what was found and what was expected.
  explicit SafetensorsFile(const std::filesystem::path& path);

  /// Of all tensors, in alphabetical order.
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const;
  /// These throw ValueError for a name that the file does not have.
  const Shape& shape(const std::string& name) const;
  /// As the format calls it: "F32", "BF16", ...
  const std::string& dtype(const std::string& name) const;
  const Metadata& metadata() const;

  /// A copy of one tensor, F32, F64, F16 or BF16, converted to T; I64 is accepted for single
  /// numbers (PyTorch's num_batches_tracked). Throws IoError naming another dtype, ValueError for a
  /// name that the file does not have.
  template <class T = float>
  Tensor<T> tensor(const std::string& name) const;
  /// All of them. Every dtype is checked before memory is taken for the first.
  template <class T = float>
  StateDict<T> tensors() const;

 private:
  struct Contents;
  std::shared_ptr<const Contents> contents_;
};

/// Writes the tensors as F32 (float) or F64 (double). The file appears under its name when it is
/// complete and on the disk; a file of that name is replaced then, and is left as it was if
/// anything fails. Throws IoError naming the file, ValueError naming a key that the format does not
/// allow ("__metadata__", not UTF-8) or an undefined tensor. What had the name before is kept under
/// the name `previous`, unless that is empty.
template <class T>
void save_safetensors(const std::filesystem::path& path, const StateDict<T>& tensors,
                      const Metadata& metadata = {}, const std::filesystem::path& previous = {});

/// SafetensorsFile(path).tensors(). Throws as these.
template <class T = float>
StateDict<T> load_safetensors(const std::filesystem::path& path);

/// SafetensorsFile(path).metadata().
Metadata load_safetensors_metadata(const std::filesystem::path& path);

}  // namespace xgrad::io
