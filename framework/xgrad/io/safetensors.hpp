#pragma once
// Files of named tensors in the safetensors format, which PyTorch and others read and write:
//
//   file   = length header data
//   length = size of the header in bytes, 8 bytes, little-endian
//   header = JSON, padded with spaces:
//            {"__metadata__": {"key": "text", ...},
//             "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}
//   data   = the tensors, row-major, little-endian; offsets count from its start, and the tensors
//            cover it without holes and overlaps

#include <filesystem>
#include <map>
#include <string>

#include <xgrad/core/state_dict.hpp>

namespace xgrad::io {

using Metadata = std::map<std::string, std::string>;

/// Writes the tensors as F32 (float) or F64 (double). The file appears under its name when it is
/// complete and on the disk; a file of that name is replaced then, and is left as it was if
/// anything fails. Throws IoError naming the file, ValueError naming a key that the format does not
/// allow
/// ("__metadata__", not UTF-8) or an undefined tensor. What had the name before is kept under the
/// name `previous`, unless that is empty.
template <class T>
void save_safetensors(const std::filesystem::path& path, const StateDict<T>& tensors,
                      const Metadata& metadata = {}, const std::filesystem::path& previous = {});

/// Reads all tensors of a file, F32 or F64, and converts them to T; I64 is accepted for single
/// numbers (PyTorch's num_batches_tracked). The whole file is checked before memory is taken for
/// its tensors. Throws IoError naming the file and the key, what was found and what was expected.
template <class T = float>
StateDict<T> load_safetensors(const std::filesystem::path& path);

/// The metadata of a file. Throws as load_safetensors.
Metadata load_safetensors_metadata(const std::filesystem::path& path);

}  // namespace xgrad::io
