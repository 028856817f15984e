#include <datasets/idx.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <span>
#include <string>

#include <xgrad/core/error.hpp>

namespace xgrad::datasets {
namespace {

namespace fs = std::filesystem;
using Bytes = std::span<std::uint8_t>;

constexpr std::uint8_t unsigned_byte = 0x08;
constexpr int max_rank = Shape::max_rank;
// The longest match that deflate can code in the fewest bits: zlib.net/zlib_tech.html.
constexpr std::uintmax_t max_deflate_ratio = 1032;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw IoError(fmt::format("{}: {}", path.string(), what));
}

std::ifstream open(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) fail(path, "no such file: check the path");
  if (fs::is_directory(status))
    fail(path, "is a directory, expected an IDX file: name the file in it");
  if (error || !fs::is_regular_file(status))
    fail(path, "is not a regular file, expected an IDX file: copy it to one");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    fail(path, fmt::format("cannot be opened ({}): check its permissions", std::strerror(errno)));
  return file;
}

// The bytes of a file in order, decompressed if it begins as gzip does.
class Source {
 public:
  explicit Source(const fs::path& path) : path_(path), file_(open(path)) {
    file_bytes_ = fs::file_size(path);
    fill();
    gzip_ = stream_.avail_in >= 2 && input_[0] == 0x1f && input_[1] == 0x8b;
    if (gzip_ && inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~Source() {
    if (gzip_) inflateEnd(&stream_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  bool gzip() const { return gzip_; }
  std::uintmax_t file_bytes() const { return file_bytes_; }
  /// No file of this size can hold more bytes than this.
  std::uintmax_t most_bytes() const {
    return gzip_ ? file_bytes_ * max_deflate_ratio : file_bytes_;
  }

  /// Fills `to`; returns how many bytes there were, fewer only at the end of the file.
  std::size_t read(Bytes to) { return gzip_ ? read_gzip(to) : read_plain(to); }

 private:
  void fill() {
    file_.read(reinterpret_cast<char*>(input_.data()), static_cast<std::streamsize>(input_.size()));
    if (file_.bad()) fail(path_, "a read error of the system: check the disk");
    stream_.next_in = input_.data();
    stream_.avail_in = static_cast<uInt>(file_.gcount());
  }

  std::size_t read_plain(Bytes to) {
    std::size_t done = 0;
    while (done < to.size()) {
      if (stream_.avail_in == 0) fill();
      const std::size_t n = std::min<std::size_t>(stream_.avail_in, to.size() - done);
      if (n == 0) break;
      std::memcpy(to.data() + done, stream_.next_in, n);
      stream_.next_in += n;
      stream_.avail_in -= static_cast<uInt>(n);
      done += n;
    }
    return done;
  }

  std::size_t read_gzip(Bytes to) {
    std::size_t done = 0;
    while (done < to.size() && !ended_) {
      if (stream_.avail_in == 0) fill();
      if (stream_.avail_in == 0)
        fail(path_, fmt::format("the gzip data ends early, after {} of the file's bytes: it was "
                                "truncated; fetch it again",
                                file_bytes_));
      const std::size_t room = std::min<std::size_t>(to.size() - done, 1u << 30);
      stream_.next_out = to.data() + done;
      stream_.avail_out = static_cast<uInt>(room);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      done += room - stream_.avail_out;
      if (status == Z_STREAM_END)
        next_member();
      else if (status != Z_OK && status != Z_BUF_ERROR)
        fail(path_, fmt::format("damaged gzip data ({}): fetch it again",
                                stream_.msg != nullptr ? stream_.msg : zError(status)));
    }
    return done;
  }

  // A gzip file may be several one after another; what follows the last must be nothing.
  void next_member() {
    if (stream_.avail_in == 0) fill();
    ended_ = stream_.avail_in == 0;
    if (!ended_) inflateReset(&stream_);
  }

  fs::path path_;
  std::ifstream file_;
  std::uintmax_t file_bytes_ = 0;
  std::array<std::uint8_t, 1 << 16> input_{};
  z_stream stream_{};
  bool gzip_ = false;
  bool ended_ = false;
};

const char* type_name(std::uint8_t type) {
  switch (type) {
    case 0x08:
      return "unsigned byte";
    case 0x09:
      return "signed byte";
    case 0x0B:
      return "16-bit integer";
    case 0x0C:
      return "32-bit integer";
    case 0x0D:
      return "32-bit float";
    case 0x0E:
      return "64-bit float";
    default:
      return "unknown";
  }
}

void check_magic(const fs::path& path, std::span<const std::uint8_t> magic, int rank) {
  if (magic[0] != 0 || magic[1] != 0)
    fail(path,
         fmt::format("not an IDX file: it starts with the bytes {:02x}, expected {:02x}: fetch "
                     "it again, or name another file",
                     fmt::join(magic, " "),
                     fmt::join(std::array<int, 4>{0, 0, unsigned_byte, rank}, " ")));
  if (magic[2] != unsigned_byte)
    fail(path,
         fmt::format("holds elements of type 0x{:02x} ({}), expected 0x{:02x} ({}): convert it",
                     magic[2], type_name(magic[2]), unsigned_byte, type_name(unsigned_byte)));
  if (magic[3] != rank)
    fail(path,
         fmt::format("has {} axes, expected {}: images have 3 and labels 1; check that the file "
                     "is the right one",
                     magic[3], rank));
}

// Product of the extents and thus the bytes that must follow the header; `limit` where it
// overflows.
std::uintmax_t promised_bytes(std::span<const Index> extents) {
  std::uintmax_t product = 1;
  bool overflow = false;
  for (const Index extent : extents) {
    if (extent == 0) return 0;
    overflow |= __builtin_mul_overflow(product, static_cast<std::uintmax_t>(extent), &product);
  }
  return overflow ? std::numeric_limits<std::uintmax_t>::max() : product;
}

std::vector<Index> read_header(const fs::path& path, Source& source, int rank) {
  std::array<std::uint8_t, 4 + 4 * max_rank> header{};
  const std::size_t wanted = 4 + 4 * static_cast<std::size_t>(rank);
  const std::size_t got = source.read(Bytes(header).first(wanted));
  if (got == 0) fail(path, "is empty, expected an IDX file: fetch it again");
  if (got >= 4) check_magic(path, std::span(header).first(4), rank);
  if (got < wanted)
    fail(path, fmt::format("ends after {} bytes, expected an IDX header of {}: it was truncated; "
                           "fetch it again",
                           got, wanted));
  std::vector<Index> extents;
  for (std::size_t i = 4; i < wanted; i += 4)
    extents.push_back(Index{header[i]} << 24 | Index{header[i + 1]} << 16 |
                      Index{header[i + 2]} << 8 | Index{header[i + 3]});
  return extents;
}

// Only called with what check_magic would accept, plus extents that 32 bits hold.
std::vector<std::uint8_t> header_of(const IdxArray& array) {
  std::vector<std::uint8_t> header{0, 0, unsigned_byte,
                                   static_cast<std::uint8_t>(array.extents.size())};
  for (const Index extent : array.extents)
    for (const int shift : {24, 16, 8, 0})
      header.push_back(static_cast<std::uint8_t>(extent >> shift & 0xFF));
  return header;
}

}  // namespace

IdxArray read_idx(const fs::path& path, int rank) {
  if (rank < 1 || rank > max_rank)
    throw ValueError(fmt::format("read_idx: rank {} is outside 1 to {}", rank, max_rank));
  Source source(path);
  IdxArray array{read_header(path, source, rank), {}};
  const std::uintmax_t promised = promised_bytes(array.extents);
  const std::string promise =
      fmt::format("its header promises [{}] = {} bytes", fmt::join(array.extents, ", "), promised);
  const std::uintmax_t header = 4 + 4 * static_cast<std::uintmax_t>(rank);
  if (promised > source.most_bytes())
    fail(path,
         fmt::format("{}, but a {} file of {} bytes cannot hold them: it was truncated, or its "
                     "header is damaged; fetch it again",
                     promise, source.gzip() ? "gzip" : "plain", source.file_bytes()));
  if (!source.gzip() && source.file_bytes() != header + promised)
    fail(path,
         fmt::format("{}, so the file should have {} bytes, but it has {}: it is {}; fetch it "
                     "again",
                     promise, header + promised, source.file_bytes(),
                     source.file_bytes() < header + promised ? "truncated" : "too long"));
  array.values.resize(promised);
  const std::size_t got = source.read(array.values);
  if (got < promised)
    fail(path,
         fmt::format("{}, but only {} follow: it is truncated; fetch it again", promise, got));
  std::uint8_t more = 0;
  if (source.read({&more, 1}) != 0)
    fail(path, fmt::format("{}, but more follow: it is too long; fetch it again", promise));
  return array;
}

void write_idx(const fs::path& path, const IdxArray& array) {
  bool fits = !array.extents.empty() && array.extents.size() <= max_rank;
  for (const Index extent : array.extents) fits &= extent >= 0 && extent <= Index{0xFFFFFFFF};
  if (!fits || promised_bytes(array.extents) != array.values.size())
    throw ShapeError(
        fmt::format("write_idx: {} values for extents [{}]: give 1 to {} extents of 32 "
                    "bits whose product is the number of values",
                    array.values.size(), fmt::join(array.extents, ", "), max_rank));
  const std::vector<std::uint8_t> header = header_of(array);
  const fs::path part = path.string() + ".part";
  errno = 0;
  // Mode T writes the bytes as they are.
  const gzFile file = gzopen(part.c_str(), path.extension() == ".gz" ? "wb" : "wbT");
  bool written = file != nullptr;
  if (file != nullptr) {
    written &= gzfwrite(header.data(), 1, header.size(), file) == header.size();
    written &= gzfwrite(array.values.data(), 1, array.values.size(), file) == array.values.size();
    written &= gzclose(file) == Z_OK;
  }
  std::error_code error;
  if (written) fs::rename(part, path, error);
  if (written && !error) return;
  const std::string reason = error ? error.message() : std::strerror(errno);
  fs::remove(part, error);
  fail(path, fmt::format("cannot be written ({}): check the folder, its permissions and free space",
                         reason));
}

}  // namespace xgrad::datasets
