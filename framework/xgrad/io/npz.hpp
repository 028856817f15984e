#pragma once
// NumPy's files of many arrays: ZIP archives whose entries are files as in npy.hpp, named NAME.npy.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/core/state_dict.hpp>
#include <xgrad/io/npy.hpp>

namespace xgrad::io {

/// An archive open for reading, one array at a time, as numpy.load gives it. It is mapped into
/// memory. Its directory is checked at once, and an array when it is read: its checksum, and before
/// memory is taken, its size by the array's own header and by what its compressed bytes can give,
/// so that no archive takes more than 1032 times its size. Copies share the mapping, and may be
/// used by several threads. The file must not be shortened meanwhile.
class NpzFile {
 public:
  /// Throws IoError naming the file and the entry, what was found and what was expected. Entries
  /// are stored or deflated; archives with encrypted ones, of 4 GB and more (ZIP64) or in several
  /// parts are refused.
  explicit NpzFile(const std::filesystem::path& path);

  /// Of all arrays, without .npy, in alphabetical order.
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const;

  /// As load_npy and load_npy_integers. Throws ValueError for a name that the file does not have.
  template <class T = float>
  Tensor<T> tensor(const std::string& name) const;
  IntegerArray integers(const std::string& name) const;

 private:
  struct Contents;
  std::shared_ptr<const Contents> contents_;
};

/// Writes the tensors, not compressed, as numpy.savez does; the same tensors give the same bytes.
/// As with save_safetensors, the file appears when it is complete. Throws IoError naming the file,
/// ValueError naming an undefined tensor, a name that is not UTF-8, or what is too large for ZIP
/// (4 GB in all).
template <class T>
void save_npz(const std::filesystem::path& path, const StateDict<T>& tensors);

/// All arrays of a file. Throws as NpzFile.
template <class T = float>
StateDict<T> load_npz(const std::filesystem::path& path);

}  // namespace xgrad::io
