#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace xgrad::command {

/// The SHA-256 of a file in 64 hexadecimal digits. Throws IoError.
std::string sha256_of(const std::filesystem::path& path);

/// What has arrived of a file, in FILE.part; nobody else can add to it as long. All functions throw
/// IoError, and leave on the disk what there is.
class PartFile {
 public:
  explicit PartFile(const std::filesystem::path& path);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  std::uintmax_t bytes() const { return bytes_; }
  void append(std::span<const char> data);
  /// Back to nothing.
  void clear();
  /// Whether these are the bytes of that sum.
  bool matches(const std::string& sha256) const { return sha256_of(part_) == sha256; }
  /// To the disk, and under its name; nothing can be added then.
  void publish();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_, part_;
  int descriptor_ = -1;
  std::uintmax_t bytes_ = 0;
};

}  // namespace xgrad::command
