#include <xgrad/core/error.hpp>
#include <xgrad/io/zip.hpp>

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace xgrad::io {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint32_t local_signature = 0x04034b50, entry_signature = 0x02014b50,
                        end_signature = 0x06054b50;
constexpr std::size_t local_bytes = 30, entry_bytes = 46, end_bytes = 22;
constexpr std::size_t max_comment_bytes = 0xffff;
constexpr std::uint16_t encrypted_flag = 1, utf8_flag = 1 << 11;
constexpr std::uint16_t stored = 0, deflated = 8;
// The longest match that deflate can code in the fewest bits: zlib.net/zlib_tech.html.
constexpr std::size_t max_deflate_ratio = 1032;

[[noreturn]] void fail(const std::string& source, const std::string& what) {
  throw IoError(fmt::format("{}: {}", source, what));
}

// Little-endian, as all of the format's numbers.
std::uint32_t number(Bytes bytes, std::size_t at, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = width; i-- > 0;)
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}
std::uint32_t u16(Bytes bytes, std::size_t at) { return number(bytes, at, 2); }
std::uint32_t u32(Bytes bytes, std::size_t at) { return number(bytes, at, 4); }

std::string text(Bytes bytes, std::size_t at, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, size};
}

// Where the archive's end begins: its comment, of unknown length, is last in the file.
std::size_t find_end(const std::string& source, Bytes archive) {
  if (archive.size() >= end_bytes) {
    const std::size_t last = archive.size() - end_bytes;
    const std::size_t first = last - std::min(last, max_comment_bytes);
    for (std::size_t at = last + 1; at-- > first;)
      if (u32(archive, at) == end_signature && u16(archive, at + 20) == last - at) return at;
  }
  fail(source, "is no ZIP archive, as .npz files are: is this another kind of file, or cut off?");
}

// The bytes of an entry, from its local header, which must lie before the directory.
Bytes entry_content(const std::string& source, Bytes before, std::size_t at, std::size_t size,
                    const std::string& name) {
  if (at > before.size() || before.size() - at < local_bytes || u32(before, at) != local_signature)
    fail(source, "no entry begins where the directory says: the file is damaged");
  const std::size_t name_bytes = u16(before, at + 26), extra_bytes = u16(before, at + 28);
  Bytes rest = before.subspan(at + local_bytes);
  if (rest.size() < name_bytes + extra_bytes || text(rest, 0, name_bytes) != name)
    fail(source, "its name is another one in the directory: the file is damaged");
  rest = rest.subspan(name_bytes + extra_bytes);
  if (rest.size() < size) fail(source, "reaches past the end of the file, which is cut off");
  return rest.first(size);
}

}  // namespace

std::map<std::string, ZipEntry> read_zip_directory(const std::string& source, Bytes archive) {
  const std::size_t end = find_end(source, archive);
  const std::size_t count = u16(archive, end + 10), bytes = u32(archive, end + 12),
                    begin = u32(archive, end + 16);
  if (count == 0xffff || bytes == 0xffffffff || begin == 0xffffffff)
    fail(source, "is an archive of 4 GB or more (ZIP64): save its arrays as .npy files");
  if (u16(archive, end + 4) != 0 || u16(archive, end + 6) != 0 || u16(archive, end + 8) != count)
    fail(source, "is one part of an archive in several: join them");
  if (begin > end || bytes != end - begin)
    fail(source, "the directory is not where the end of the archive says: the file is damaged");

  std::map<std::string, ZipEntry> entries;
  std::vector<std::pair<std::size_t, std::size_t>> taken;  // from the local header to the last byte
  Bytes directory = archive.subspan(begin, bytes);
  for (std::size_t i = 0; i < count; ++i) {
    if (directory.size() < entry_bytes || u32(directory, 0) != entry_signature)
      fail(source, "the directory is cut off: the file is damaged");
    const std::size_t name_bytes = u16(directory, 28);
    const std::size_t after = entry_bytes + name_bytes + u16(directory, 30) + u16(directory, 32);
    if (directory.size() < after) fail(source, "the directory is cut off: the file is damaged");
    const std::string name = text(directory, entry_bytes, name_bytes);
    const std::string of = fmt::format("{}: {}", source, name.substr(0, 200));
    const std::uint32_t method = u16(directory, 10);
    const std::size_t compressed = u32(directory, 20), size = u32(directory, 24);
    const std::size_t at = u32(directory, 42);
    if (u16(directory, 8) & encrypted_flag) fail(of, "is encrypted: save it without a password");
    if (method != stored && method != deflated)
      fail(of, fmt::format("is compressed by method {}, expected deflate or none: save it again",
                           method));
    if (std::max({compressed, size, at}) == 0xffffffff)
      fail(of, "has 4 GB or more (ZIP64): save it as a .npy file");
    if (method == stored ? size != compressed : size / max_deflate_ratio > compressed)
      fail(of, fmt::format("claims to hold {} bytes in {}: the file is damaged, or made to harm",
                           size, compressed));
    const Bytes content = entry_content(of, archive.first(begin), at, compressed, name);
    taken.emplace_back(at, static_cast<std::size_t>(content.data() - archive.data()) + compressed);
    if (!entries.try_emplace(name, ZipEntry{content, size, u32(directory, 16), method == deflated})
             .second)
      fail(of, "is in the archive twice: save it again");
    directory = directory.subspan(after);
  }
  if (!directory.empty()) fail(source, "the directory is too long: the file is damaged");
  std::sort(taken.begin(), taken.end());
  for (std::size_t i = 1; i < taken.size(); ++i)
    if (taken[i].first < taken[i - 1].second)
      fail(source, "entries overlap: the file is damaged, or made to harm");
  return entries;
}

struct ZipReader::Inflater {
  explicit Inflater(Bytes from) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(from.data()));
    stream.avail_in = static_cast<uInt>(from.size());
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Fills `to`, or as much of it as there is; tells whether the stream ended.
  std::pair<std::size_t, bool> read(std::span<std::byte> to) {
    stream.next_out = reinterpret_cast<Bytef*>(to.data());
    stream.avail_out = static_cast<uInt>(to.size());
    const int status = inflate(&stream, Z_SYNC_FLUSH);
    return {to.size() - stream.avail_out, status == Z_STREAM_END};
  }

  z_stream stream{};
};

ZipReader::ZipReader(std::string source, const ZipEntry& entry)
    : source_(std::move(source)),
      entry_(entry),
      inflater_(entry.deflated ? std::make_unique<Inflater>(entry.compressed) : nullptr) {}

ZipReader::~ZipReader() = default;

void ZipReader::inflate_to(std::size_t size) {
  const std::size_t had = inflated_.size();
  inflated_.resize(size);
  if (size > had && inflater_->read(std::span(inflated_).subspan(had)).first != size - had)
    fail(source_, "the compressed bytes do not give what they should: the file is damaged");
}

Bytes ZipReader::beginning(std::size_t count) {
  count = std::min(count, entry_.size);
  if (!inflater_) return entry_.compressed.first(count);
  inflate_to(count);
  return inflated_;
}

Bytes ZipReader::all() {
  Bytes bytes = entry_.compressed;
  if (inflater_) {
    inflate_to(entry_.size);
    std::byte more{};
    const auto [count, ended] = inflater_->read({&more, 1});
    if (count != 0 || !ended || inflater_->stream.avail_in != 0)
      fail(source_, "the compressed bytes do not end where they should: the file is damaged");
    bytes = inflated_;
  }
  const auto found = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  if (found != entry_.checksum)
    fail(source_, fmt::format("the checksum is {:08x}, expected {:08x}: the file is damaged", found,
                              entry_.checksum));
  return bytes;
}

namespace {

void append(std::string& to, std::uint64_t value, std::size_t width) {
  for (; width-- > 0; value >>= 8) to += static_cast<char>(value & 0xff);
}

// What the local header and the directory have in common, from the version to the extra field.
std::string common_fields(std::uint64_t checksum, std::uint64_t size, std::size_t name_bytes) {
  constexpr std::uint64_t version = 20, first_day = 0x21;  // 1 January 1980, whenever it is made
  std::string fields;
  append(fields, version, 2);
  append(fields, utf8_flag, 2);
  append(fields, stored, 2);
  append(fields, 0, 2);
  append(fields, first_day, 2);
  append(fields, checksum, 4);
  append(fields, size, 4);
  append(fields, size, 4);
  append(fields, name_bytes, 2);
  append(fields, 0, 2);
  return fields;
}

}  // namespace

void ZipWriter::write(const std::string& bytes) {
  file_.write(std::as_bytes(std::span(bytes)));
  written_ += bytes.size();
}

void ZipWriter::add(const std::string& name, std::span<const Bytes> parts) {
  std::uint64_t size = 0;
  auto checksum = crc32_z(0, nullptr, 0);
  for (const Bytes part : parts) {
    size += part.size();
    // A null pointer would ask for the checksum to begin with.
    if (!part.empty())
      checksum = crc32_z(checksum, reinterpret_cast<const Bytef*>(part.data()), part.size());
  }
  const std::string fields = common_fields(checksum, size, name.size());
  constexpr std::uint64_t made_on_unix = 3 << 8 | 20, readable = 0100644;
  append(directory_, entry_signature, 4);
  append(directory_, made_on_unix, 2);
  directory_ += fields;
  append(directory_, 0, 2 + 2 + 2);  // comment, part, internal attributes
  append(directory_, readable << 16, 4);
  append(directory_, written_, 4);
  directory_ += name;

  std::string header;
  append(header, local_signature, 4);
  write(header + fields + name);
  for (const Bytes part : parts) {
    file_.write(part);
    written_ += part.size();
  }
  ++entries_;
}

void ZipWriter::finish() {
  const std::uint64_t begin = written_;
  write(directory_);
  std::string end;
  append(end, end_signature, 4);
  append(end, 0, 2 + 2);
  append(end, entries_, 2);
  append(end, entries_, 2);
  append(end, directory_.size(), 4);
  append(end, begin, 4);
  append(end, 0, 2);
  write(end);
}

}  // namespace xgrad::io
