#pragma once
// What .npz files use of ZIP archives (https://pkware.com/appnote): entries that are stored or
// deflated, below 4 GB, in one part. Private.
//
//   archive   = entry* directory end
//   entry     = local header, name, extra field, bytes; what follows them is not looked at
//   directory = for each entry: header, name, extra field, comment
//   end       = how many entries the directory has, its size, where it begins, comment

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <xgrad/io/atomic_file.hpp>

namespace xgrad::io {

struct ZipEntry {
  std::span<const std::byte> compressed{};  ///< in the archive
  std::size_t size = 0;                     ///< of what it holds
  std::uint32_t checksum = 0;
  bool deflated = false;
};

/// The entries of an archive by name. They do not overlap, and none claims to hold more than its
/// bytes can give: 1032 times as much. Throws IoError naming `source` and the entry.
std::map<std::string, ZipEntry> read_zip_directory(const std::string& source,
                                                   std::span<const std::byte> archive);

/// Decompresses an entry. Throws IoError naming `source`.
class ZipReader {
 public:
  ZipReader(std::string source, const ZipEntry& entry);
  ~ZipReader();
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  /// The first bytes: `count`, or all if there are fewer. Valid until all() is called.
  std::span<const std::byte> beginning(std::size_t count);
  /// All bytes, their checksum checked. Valid as long as this object and the archive.
  std::span<const std::byte> all();

 private:
  struct Inflater;
  void inflate_to(std::size_t size);

  std::string source_;
  ZipEntry entry_;
  std::unique_ptr<Inflater> inflater_;  // null for a stored entry
  std::vector<std::byte> inflated_{};
};

/// Writes an archive of stored entries to a file; the same entries give the same bytes.
class ZipWriter {
 public:
  /// The archive must stay below 4 GB and 65535 entries, and a name below 64 KB.
  explicit ZipWriter(AtomicFile& file) : file_(file) {}

  /// Writes an entry; its content is what the parts hold one after the other.
  void add(const std::string& name, std::span<const std::span<const std::byte>> parts);
  /// Writes the directory.
  void finish();

 private:
  void write(const std::string& bytes);

  AtomicFile& file_;
  std::string directory_{};
  std::uint64_t written_ = 0;
  std::size_t entries_ = 0;
};

}  // namespace xgrad::io
