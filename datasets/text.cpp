#include <datasets/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include <datasets/cache.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/log.hpp>

namespace xgrad::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t last_code_point = 0x10FFFF;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw IoError(fmt::format("{}: {}", path.string(), what));
}

bool is_surrogate(std::uint32_t symbol) { return symbol >= 0xD800 && symbol <= 0xDFFF; }

// Walks over the characters of a text. UTF-8 as in RFC 3629: no overlong forms, no surrogates.
class Reader {
 public:
  Reader(std::string_view text, TextUnit unit) : text_(text), unit_(unit) {}

  /// The next character; nothing at the end of the text or at a byte that is not UTF-8.
  std::optional<std::uint32_t> next() {
    if (offset_ == text_.size()) return std::nullopt;
    const std::uint32_t first = byte(offset_);
    if (unit_ == TextUnit::byte || first < 0x80) {
      ++offset_;
      return first;
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || offset_ + length > text_.size()) return std::nullopt;
    std::uint32_t symbol = first & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
      if ((byte(offset_ + i) & 0xC0) != 0x80) return std::nullopt;
      symbol = symbol << 6 | (byte(offset_ + i) & 0x3F);
    }
    constexpr std::uint32_t least[] = {0x80, 0x800, 0x10000};
    if (symbol < least[length - 2] || symbol > last_code_point || is_surrogate(symbol))
      return std::nullopt;
    offset_ += length;
    return symbol;
  }

  /// The offset of the byte after those that were read.
  std::size_t offset() const { return offset_; }

  /// What is wrong where the reading stopped before the end.
  std::string complaint() const {
    return fmt::format(
        "byte 0x{:02X} at offset {} is not UTF-8: read it as bytes (text unit "
        "\"byte\"), or convert it with iconv",
        byte(offset_), offset_);
  }
  bool complete() const { return offset_ == text_.size(); }

 private:
  std::uint32_t byte(std::size_t i) const { return static_cast<unsigned char>(text_[i]); }

  std::string_view text_;
  TextUnit unit_;
  std::size_t offset_ = 0;
};

void append(std::string& text, std::uint32_t symbol, TextUnit unit) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  const auto put_tail = [&](int shift) { put(0x80 | (symbol >> shift & 0x3F)); };
  if (unit == TextUnit::byte || symbol < 0x80) {
    put(symbol);
  } else if (symbol < 0x800) {
    put(0xC0 | symbol >> 6);
    put_tail(0);
  } else if (symbol < 0x10000) {
    put(0xE0 | symbol >> 12);
    put_tail(6);
    put_tail(0);
  } else {
    put(0xF0 | symbol >> 18);
    put_tail(12);
    put_tail(6);
    put_tail(0);
  }
}

// A character for a message: 'a' (byte 0x61), 'é' (U+00E9), byte 0x0A.
std::string describe(std::uint32_t symbol, TextUnit unit) {
  const std::string number = unit == TextUnit::byte ? fmt::format("byte 0x{:02X}", symbol)
                                                    : fmt::format("U+{:04X}", symbol);
  const bool ascii = symbol >= 0x20 && symbol < 0x7F;
  if (!ascii && (unit == TextUnit::byte || symbol < 0xA0)) return number;
  std::string shown;
  append(shown, symbol, unit);
  return fmt::format("'{}' ({})", shown, number);
}

std::string read_bytes(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) fail(path, "no such file: check the path");
  if (fs::is_directory(status)) fail(path, "is a directory, expected a text: name the file in it");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (error || !file)
    fail(path, fmt::format("cannot be opened ({}): check its permissions", std::strerror(errno)));
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) fail(path, "a read error of the system: check the disk");
  if (bytes.empty()) fail(path, "is empty: a text of at least a few thousand characters is needed");
  return bytes;
}

void check_unit(const fs::path& path, std::string_view bytes, TextUnit unit) {
  Reader reader(bytes, unit);
  while (reader.next()) continue;
  if (!reader.complete()) fail(path, reader.complaint());
}

// An environment variable as a path; empty if it is not set.
fs::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

TextPlace licences() {
  TextPlace place{"the licences of this Debian system", {}};
  for (const char* name : {"GPL-3", "GPL-2", "LGPL-2.1", "LGPL-3", "GFDL-1.3", "Artistic",
                           "Apache-2.0", "CC0-1.0", "MPL-1.1", "MPL-2.0"})
    place.files.push_back(fs::path("/usr/share/common-licenses") / name);
  return place;
}

// All files of the place that are there, one after another.
Text read_place(const TextPlace& place, TextUnit unit) {
  if (place.files.size() == 1) {
    Text text = read_text(place.files.front(), unit);
    text.name = "tinyshakespeare";
    return text;
  }
  // Named as a shell expands it: FOLDER/{A,B,C}.
  Text all{place.what, place.files.front().parent_path().string() + "/{", ""};
  for (const fs::path& file : place.files) {
    if (!fs::exists(file)) continue;
    if (!all.bytes.empty()) all.source += ',';
    all.source += file.filename().string();
    all.bytes += read_text(file, unit).bytes;
  }
  all.source += '}';
  return all;
}

}  // namespace

const char* to_string(TextUnit unit) { return unit == TextUnit::byte ? "byte" : "code-point"; }

TextUnit text_unit(std::string_view name) {
  for (const TextUnit unit : {TextUnit::byte, TextUnit::code_point})
    if (name == to_string(unit)) return unit;
  throw ValueError(fmt::format("text unit \"{}\" is not known: use byte or code-point", name));
}

Text read_text(const fs::path& path, TextUnit unit) {
  Text text{path.filename().string(), path.string(), read_bytes(path)};
  check_unit(path, text.bytes, unit);
  return text;
}

std::vector<TextPlace> text_places() {
  std::vector<TextPlace> places;
  const fs::path file = "tinyshakespeare/input.txt";
  if (const fs::path data = from_environment("XGRAD_DATA"); !data.empty())
    places.push_back({"$XGRAD_DATA/tinyshakespeare", {data / file}});
  if (const auto cache = user_cache()) places.push_back({"the user's cache", {*cache / file}});
  places.push_back(licences());
  std::error_code ignored;  // what cannot be looked at is not there
  for (TextPlace& place : places)
    place.found = std::any_of(place.files.begin(), place.files.end(),
                              [&](const fs::path& path) { return fs::exists(path, ignored); });
  return places;
}

Text find_text(const std::optional<fs::path>& path, TextUnit unit) {
  if (path) {
    Text text = read_text(*path, unit);
    log().info("text: {} bytes from {}", text.bytes.size(), text.source);
    return text;
  }
  const auto places = text_places();
  std::string tried;
  for (const TextPlace& place : places) {
    if (place.found) {
      Text text = read_place(place, unit);
      const std::string instead = tried.empty() ? "" : fmt::format(", since there is no {}", tried);
      log().info("text: {} bytes of {} from {}{}", text.bytes.size(), text.name, text.source,
                 instead);
      return text;
    }
    tried += (tried.empty() ? "" : ", ") + place.files.front().string();
  }
  throw IoError(
      fmt::format("no text to learn from: none was named, and there is none of {}: name "
                  "a text file of your own",
                  tried));
}

Vocabulary::Vocabulary(std::string_view text, TextUnit unit) : unit_(unit) {
  if (text.empty()) throw ValueError("Vocabulary: the text is empty: give it one with characters");
  Reader reader(text, unit);
  std::set<std::uint32_t> seen;
  while (const auto symbol = reader.next()) seen.insert(*symbol);
  if (!reader.complete()) throw ValueError("Vocabulary: " + reader.complaint());
  symbols_.assign(seen.begin(), seen.end());
}

Vocabulary::Vocabulary(TextUnit unit, std::vector<std::uint32_t> symbols)
    : unit_(unit), symbols_(std::move(symbols)) {
  const std::uint32_t last = unit == TextUnit::byte ? 0xFF : last_code_point;
  for (std::size_t i = 0; i < symbols_.size(); ++i)
    if (symbols_[i] > last || (unit == TextUnit::code_point && is_surrogate(symbols_[i])) ||
        (i > 0 && symbols_[i] <= symbols_[i - 1]))
      throw ValueError(
          fmt::format("Vocabulary: symbol {} at {} is no {}, or not above the one before it: take "
                      "the list that symbols() gave, unchanged",
                      symbols_[i], i, to_string(unit)));
}

std::vector<std::int32_t> Vocabulary::encode(std::string_view text, std::string_view what) const {
  std::vector<std::int32_t> ids;
  ids.reserve(text.size());
  Reader reader(text, unit_);
  std::size_t begin = 0;
  while (const auto symbol = reader.next()) {
    const auto it = std::lower_bound(symbols_.begin(), symbols_.end(), *symbol);
    if (it == symbols_.end() || *it != *symbol)
      throw ValueError(fmt::format(
          "encode: character {} at position {} of {} (offset {}) is not among the {} characters of "
          "the vocabulary: leave it out, or train on a text that has it",
          describe(*symbol, unit_), ids.size(), what, begin, size()));
    ids.push_back(static_cast<std::int32_t>(it - symbols_.begin()));
    begin = reader.offset();
  }
  if (!reader.complete()) throw ValueError(fmt::format("encode: {}: {}", what, reader.complaint()));
  return ids;
}

std::string Vocabulary::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  text.reserve(ids.size());
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= size())
      throw ValueError(
          fmt::format("decode: id {} is outside 0 to {}: use the vocabulary that the "
                      "ids were made with",
                      id, size() - 1));
    append(text, symbols_[static_cast<std::size_t>(id)], unit_);
  }
  return text;
}

TextSplit split_text(std::span<const std::int32_t> ids, double validation_fraction) {
  if (!(validation_fraction > 0 && validation_fraction < 1))
    throw ValueError(fmt::format("split_text: validation_fraction {} must be between 0 and 1",
                                 validation_fraction));
  const auto cut =
      static_cast<std::size_t>((1 - validation_fraction) * static_cast<double>(ids.size()));
  if (cut < 2 || ids.size() - cut < 2)
    throw ValueError(
        fmt::format("split_text: validation_fraction {} of {} characters leaves {} to train on and "
                    "{} to validate on; both need 2 at least: use a longer text",
                    validation_fraction, ids.size(), cut, ids.size() - cut));
  return {ids.first(cut), ids.subspan(cut)};
}

}  // namespace xgrad::datasets
