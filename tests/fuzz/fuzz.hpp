#pragma once
// What the fuzz targets share. A target is the function that libFuzzer calls with bytes that it
// makes up; in the ordinary build replay.cpp calls it with the files of its corpus.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace xgrad::fuzz {

using Bytes = std::span<const std::uint8_t>;

inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A file that is in memory only, for readers that take a path.
class MemoryFile {
 public:
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Its whole content from now on.
  void write(Bytes bytes) const;
  std::filesystem::path path() const;

 private:
  int descriptor_;
};

/// A folder in memory, for readers that take one. Goes with this object.
class MemoryFolder {
 public:
  MemoryFolder();
  ~MemoryFolder();
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;

  /// Gives the file a name in the folder; makes the folders on the way.
  void link(const std::filesystem::path& name, const MemoryFile& file) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// How many elements an array of these extents has; the largest number if that is too many to
/// count.
std::size_t elements(std::span<const Index> extents);

/// Reports a finding and ends the process unless `holds`.
void require(bool holds, const char* what);

/// While it lives no more than `bytes` may be allocated at any one time, beyond what was before: a
/// reader must not take much memory on the word of a small file. Looked at only in builds with
/// AddressSanitizer, whose allocator it asks.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::size_t bytes);
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;
};

/// Calls f. Whether it came to its end; an xgrad::Error with a message is the other answer that a
/// reader may give, and any other exception a finding.
template <class F>
bool succeeds(const F& f) {
  try {
    f();
    return true;
  } catch (const Error& error) {
    require(*error.what() != '\0', "an error without a message");
    return false;
  }
}

}  // namespace xgrad::fuzz
