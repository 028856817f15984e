#include <xgrad/core/error.hpp>
#include <xgrad/io/safetensors_header.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

namespace xgrad::io {
namespace {

using nlohmann::json;

constexpr const char* metadata_key = "__metadata__";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw IoError(fmt::format("{}: {}: write the file again", path.string(), what));
}

// Parses JSON whose keys are unique and which is nested no deeper than the format needs.
json parse_json(const std::filesystem::path& path, const std::string& text) {
  constexpr int max_depth = 3;              // the header, a tensor, its shape
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth >= max_depth &&
        (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start))
      fail(path, "the header is nested deeper than tensors and their shapes");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      fail(path, fmt::format("the header has the key {} twice", parsed.dump()));
    return true;
  };
  try {
    json parsed = json::parse(text, check);
    if (!parsed.is_object())
      fail(path, fmt::format("the header is a JSON {}, expected an object", parsed.type_name()));
    return parsed;
  } catch (const json::exception& error) {
    fail(path, fmt::format("the header is not JSON ({})", error.what()));
  }
}

std::uint64_t bytes_of(const std::string& dtype) { return dtype == "F32" ? 4 : 8; }

// `value` as a list of counts. Unsigned only: a negative or fractional number is of another type.
std::vector<std::uint64_t> counts(const json& value) {
  std::vector<std::uint64_t> result;
  if (!value.is_array()) return result;
  for (const json& item : value)
    if (item.is_number_unsigned()) result.push_back(item.get<std::uint64_t>());
  return result;
}

// The bytes that a tensor takes, or nothing if they do not fit into 64 bits.
std::optional<std::uint64_t> size_of(const TensorEntry& entry,
                                     const std::vector<std::uint64_t>& shape) {
  std::uint64_t bytes = bytes_of(entry.dtype);
  for (const std::uint64_t extent : shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes) ||
        extent > static_cast<std::uint64_t>(std::numeric_limits<Index>::max()))
      return std::nullopt;
  return bytes;
}

TensorEntry parse_entry(const std::filesystem::path& path, const std::string& name,
                        const json& value) {
  const auto wrong = [&](const std::string& what) {
    fail(path, fmt::format("{}: {}", name, what));
  };
  if (!value.is_object()) wrong(fmt::format("found {}, expected an object", value.dump()));
  const auto field = [&](const char* key) -> const json& {
    const auto found = value.find(key);
    if (found == value.end()) wrong(fmt::format("has no \"{}\"", key));
    return *found;
  };

  TensorEntry entry{.name = name};
  const json& dtype = field("dtype");
  if (dtype != "F32" && dtype != "F64" && dtype != "I64")
    throw IoError(
        fmt::format("{}: {}: the dtype is {}, expected F32 or F64 (or I64 for a single "
                    "number): convert the tensor before saving it",
                    path.string(), name, dtype.dump()));
  entry.dtype = dtype.get<std::string>();

  const json& shape = field("shape");
  const auto extents = counts(shape);
  if (!shape.is_array() || extents.size() != shape.size())
    wrong(fmt::format("the shape is {}, expected a list of counts", shape.dump()));
  if (extents.size() > Shape::max_rank)
    wrong(fmt::format("the shape {} has {} axes, expected {} at most", shape.dump(), extents.size(),
                      Shape::max_rank));
  const auto bytes = size_of(entry, extents);
  if (!bytes) wrong(fmt::format("the shape {} is larger than any memory", shape.dump()));
  entry.shape = Shape(std::span<const Index>(std::vector<Index>(extents.begin(), extents.end())));
  if (entry.dtype == "I64" && *bytes != 8)
    wrong(fmt::format("I64 of shape {}, expected a single number", shape.dump()));

  const json& offsets = field("data_offsets");
  const auto range = counts(offsets);
  if (offsets.size() != 2 || range.size() != 2 || range[0] > range[1])
    wrong(fmt::format("the data_offsets are {}, expected [begin, end]", offsets.dump()));
  entry.begin = range[0];
  entry.end = range[1];
  if (entry.end - entry.begin != *bytes)
    wrong(fmt::format("the data_offsets {} span {} bytes, expected {} for {} {}", offsets.dump(),
                      entry.end - entry.begin, *bytes, entry.dtype, shape.dump()));
  return entry;
}

Metadata parse_metadata(const std::filesystem::path& path, const json& value) {
  if (!value.is_object())
    fail(path, fmt::format("{}: found {}, expected an object", metadata_key, value.dump()));
  Metadata metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string())
      fail(path, fmt::format("{}: {} is {}, expected a text", metadata_key, key, text.dump()));
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::filesystem::path& path,
                                           const std::string& text, std::uint64_t data_bytes) {
  SafetensorsHeader header;
  const json root = parse_json(path, text);
  for (const auto& [name, value] : root.items()) {
    if (name == metadata_key)
      header.metadata = parse_metadata(path, value);
    else
      header.tensors.push_back(parse_entry(path, name, value));
  }
  std::sort(header.tensors.begin(), header.tensors.end(), [](const auto& a, const auto& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t covered = 0;
  for (const TensorEntry& entry : header.tensors) {
    if (entry.begin != covered)
      fail(path,
           fmt::format("{}: its data begins at {}, expected {}: the tensors {}", entry.name,
                       entry.begin, covered, entry.begin < covered ? "overlap" : "leave a hole"));
    covered = entry.end;
  }
  if (covered != data_bytes)
    fail(path, fmt::format("the tensors take {} bytes, found {} bytes of data: the file is {}",
                           covered, data_bytes, data_bytes < covered ? "cut off" : "too long"));
  return header;
}

std::string format_safetensors_header(const SafetensorsHeader& header) {
  json root = json::object();
  if (!header.metadata.empty()) root[metadata_key] = header.metadata;
  for (const TensorEntry& entry : header.tensors)
    root[entry.name] = {{"dtype", entry.dtype},
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
