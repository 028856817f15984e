#pragma once
// Private.

#include <cstddef>
#include <filesystem>
#include <span>

namespace xgrad::io {

/// The bytes of a regular file, mapped into memory to be read: pages come in when they are touched,
/// and the system may drop them again. The file must not become shorter meanwhile, which would end
/// the program (SIGBUS); AtomicFile replaces files and never shortens one.
class MappedFile {
 public:
  /// Throws IoError naming the file and the system's reason.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;  // null for an empty file, which cannot be mapped
  std::size_t size_ = 0;
};

}  // namespace xgrad::io
