#include <xgrad/core/error.hpp>
#include <xgrad/io/safetensors_header.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

namespace xgrad::io {
namespace {

using nlohmann::json;

constexpr const char* metadata_key = "__metadata__";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw IoError(fmt::format("{}: {}: write the file again", path.string(), what));
}

// A name or value of the file for a message, which must not be as long as the file.
std::string clip(std::string_view text) {
  constexpr std::size_t most = 200;
  return text.size() <= most ? std::string(text) : fmt::format("{}...", text.substr(0, most));
}

// All dtypes of the format whose numbers fill whole bytes. Fewer can be read as tensors.
std::optional<Index> bytes_of(std::string_view dtype) {
  constexpr std::pair<std::string_view, Index> all[] = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"F8_E8M0", 1},
      {"U16", 2},  {"I16", 2}, {"F16", 2}, {"BF16", 2},    {"U32", 4},     {"I32", 4},
      {"F32", 4},  {"U64", 8}, {"I64", 8}, {"F64", 8},     {"C64", 8}};
  for (const auto& [name, bytes] : all)
    if (name == dtype) return bytes;
  return std::nullopt;
}

// Takes the events of the JSON parser and builds the header from them, with no tree in between: a
// value that the format does not have at its place is an error as soon as it begins, and so neither
// depth nor length of anything costs more than the header's own bytes.
class HeaderReader final : public nlohmann::json_sax<json> {
 public:
  explicit HeaderReader(const std::filesystem::path& path) : path_(path) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool start_object(std::size_t) override {
    if (place_ == Place::outside) {
      place_ = Place::header;
    } else if (place_ == Place::header && name_ == metadata_key) {
      place_ = Place::metadata;
    } else if (place_ == Place::header) {
      place_ = Place::entry;
      entry_ = {};
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::entry) finish_entry();
    place_ = place_ == Place::header ? Place::outside : Place::header;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::entry || key_ == "dtype") unexpected("a list");
    place_ = key_ == "shape" ? Place::shape : Place::offsets;
    (place_ == Place::shape ? entry_.shape : entry_.offsets).emplace();
    return true;
  }

  bool end_array() override {
    place_ = Place::entry;
    return true;
  }

  bool key(std::string& key) override {
    if (place_ == Place::header) {
      const bool is_new = key == metadata_key ? !std::exchange(metadata_seen_, true)
                                              : header_.tensors.try_emplace(key).second;
      if (!is_new) fail(path_, fmt::format("the header has the key \"{}\" twice", clip(key)));
      name_ = std::move(key);
    } else if (place_ == Place::metadata) {
      if (!header_.metadata.try_emplace(key).second)
        fail(path_, fmt::format("{} has the key \"{}\" twice", metadata_key, clip(key)));
      key_ = std::move(key);
    } else {
      if (key != "dtype" && key != "shape" && key != "data_offsets")
        wrong(fmt::format("has a \"{}\", expected dtype, shape and data_offsets", clip(key)));
      if ((key == "dtype" && entry_.dtype) || (key == "shape" && entry_.shape) ||
          (key == "data_offsets" && entry_.offsets))
        wrong(fmt::format("has \"{}\" twice", key));
      key_ = std::move(key);
    }
    return true;
  }

  bool string(std::string& text) override {
    if (place_ == Place::metadata)
      header_.metadata[key_] = std::move(text);
    else if (place_ == Place::entry && key_ == "dtype")
      entry_.dtype = std::move(text);
    else
      unexpected(fmt::format("\"{}\"", clip(text)));
    return true;
  }

  bool number_unsigned(std::uint64_t value) override {
    if (place_ == Place::shape) {
      if (entry_.shape->size() == Shape::max_rank)
        wrong(fmt::format("the shape has more than {} axes", Shape::max_rank));
      entry_.shape->push_back(value);
    } else if (place_ == Place::offsets && entry_.offsets->size() < 2) {
      entry_.offsets->push_back(value);
    } else {
      unexpected(fmt::format("{}", value));
    }
    return true;
  }

  bool null() override { unexpected("null"); }
  bool boolean(bool value) override { unexpected(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) override { unexpected(fmt::format("{}", value)); }
  bool number_float(double, const std::string& text) override { unexpected(clip(text)); }
  bool binary(json::binary_t&) override { unexpected("bytes"); }

  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    fail(path_, fmt::format("the header is not JSON ({})", clip(error.what())));
  }

 private:
  enum class Place { outside, header, metadata, entry, shape, offsets };

  // As far as it is known; a list that is there has a value.
  struct Entry {
    std::optional<std::string> dtype{};
    std::optional<std::vector<std::uint64_t>> shape{}, offsets{};
  };

  // The tensor at hand is not as it must be.
  [[noreturn]] void wrong(const std::string& what) const {
    fail(path_, fmt::format("{}: {}", clip(name_), what));
  }

  // A value that has no business at this place.
  [[noreturn]] void unexpected(const std::string& found) const {
    switch (place_) {
      case Place::outside:
        fail(path_, fmt::format("the header is {}, expected an object", found));
      case Place::header:
        wrong(fmt::format("found {}, expected an object", found));
      case Place::metadata:
        fail(path_,
             fmt::format("{}: {}: found {}, expected a text", metadata_key, clip(key_), found));
      case Place::shape:
        wrong(fmt::format("the shape has {}, expected a list of counts", found));
      case Place::offsets:
        wrong(fmt::format("the data_offsets have {}, expected [begin, end]", found));
      case Place::entry:
        break;
    }
    wrong(fmt::format("the {} is {}, expected {}", key_, found,
                      key_ == "dtype"   ? "a text"
                      : key_ == "shape" ? "a list of counts"
                                        : "[begin, end]"));
  }

  void finish_entry() {
    if (!entry_.dtype || !entry_.shape || !entry_.offsets)
      wrong(fmt::format("has no \"{}\"", !entry_.dtype   ? "dtype"
                                         : !entry_.shape ? "shape"
                                                         : "data_offsets"));
    const auto number = bytes_of(*entry_.dtype);
    if (!number)
      wrong(fmt::format("the dtype is \"{}\", expected one of the format's, as F32",
                        clip(*entry_.dtype)));
    const auto shape = [&] { return fmt::format("[{}]", fmt::join(*entry_.shape, ",")); };
    TensorEntry& entry = header_.tensors.at(name_);
    entry.dtype = *entry_.dtype;

    std::vector<Index> extents;
    Index bytes = *number;
    for (const std::uint64_t extent : *entry_.shape) {
      if (extent > static_cast<std::uint64_t>(std::numeric_limits<Index>::max()) ||
          __builtin_mul_overflow(bytes, static_cast<Index>(extent), &bytes))
        wrong(fmt::format("the shape {} is larger than any memory", shape()));
      extents.push_back(static_cast<Index>(extent));
    }
    entry.shape = Shape(std::span<const Index>(extents));

    const std::vector<std::uint64_t>& range = *entry_.offsets;
    if (range.size() != 2 || range[0] > range[1])
      wrong(fmt::format("the data_offsets are [{}], expected [begin, end]", fmt::join(range, ",")));
    entry.begin = range[0];
    entry.end = range[1];
    if (entry.end - entry.begin != static_cast<std::uint64_t>(bytes))
      wrong(fmt::format("the data_offsets [{}] span {} bytes, expected {} for {} {}",
                        fmt::join(range, ","), entry.end - entry.begin, bytes, entry.dtype,
                        shape()));
  }

  const std::filesystem::path& path_;
  SafetensorsHeader header_{};
  Place place_ = Place::outside;
  bool metadata_seen_ = false;
  std::string name_{}, key_{};  // of the header, and within one of its objects
  Entry entry_{};
};

// The tensors cover the data, without holes and overlaps.
void check_coverage(const std::filesystem::path& path, const SafetensorsHeader& header,
                    std::uint64_t data_bytes) {
  std::vector<const std::pair<const std::string, TensorEntry>*> order;
  for (const auto& named : header.tensors) order.push_back(&named);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  std::uint64_t covered = 0;
  for (const auto* named : order) {
    const auto& [name, entry] = *named;
    if (entry.begin != covered)
      fail(path,
           fmt::format("{}: its data begins at {}, expected {}: the tensors {}", clip(name),
                       entry.begin, covered, entry.begin < covered ? "overlap" : "leave a hole"));
    covered = entry.end;
  }
  if (covered != data_bytes)
    fail(path, fmt::format("the tensors take {} bytes, found {} bytes of data: the file is {}",
                           covered, data_bytes, data_bytes < covered ? "cut off" : "too long"));
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::filesystem::path& path, std::string_view text,
                                           std::uint64_t data_bytes) {
  // The JSON parser skips a byte order mark and spaces in front, and takes a zero for the end.
  if (!text.starts_with('{')) fail(path, "the header does not begin with '{'");
  if (text.find('\0') != text.npos) fail(path, "the header is not JSON: it has a zero byte");
  HeaderReader reader(path);
  json::sax_parse(text.begin(), text.end(), &reader);
  SafetensorsHeader header = reader.take();
  check_coverage(path, header, data_bytes);
  return header;
}

std::string format_safetensors_header(const SafetensorsHeader& header) {
  json root = json::object();
  if (!header.metadata.empty()) root[metadata_key] = header.metadata;
  for (const auto& [name, entry] : header.tensors)
    root[name] = {{"dtype", entry.dtype},
                  {"shape", std::vector<Index>(entry.shape.begin(), entry.shape.end())},
                  {"data_offsets", {entry.begin, entry.end}}};
  std::string text;
  try {
    text = root.dump();
  } catch (const json::exception& error) {
    throw ValueError(
        fmt::format("save_safetensors: a name or the metadata is not UTF-8 ({}): use "
                    "other names",
                    error.what()));
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace xgrad::io
