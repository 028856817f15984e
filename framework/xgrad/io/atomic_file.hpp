#pragma once
// Private.

#include <cstddef>
#include <filesystem>
#include <span>

namespace xgrad::io {

/// A file that appears under its name only when it is complete: until commit() the data goes to a
/// temporary file in the same folder, which the destructor removes otherwise. A program that is
/// killed leaves the old file, or none, and the temporary one: see remove_temporary_files(). All functions throw IoError naming the file and the
/// system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::span<const std::byte> data);
  /// Puts the data on the disk, gives the file its name, and puts that on the disk too. What had
  /// the name before has the name `previous` then, unless that is empty; one of the two is there at
  /// any moment.
  void commit(const std::filesystem::path& previous = {});

 private:
  [[noreturn]] void fail(const char* action) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Removes what killed programs have left of atomic files in a folder. Nobody may be writing there.
void remove_temporary_files(const std::filesystem::path& folder);

}  // namespace xgrad::io
