#include <xgrad/core/error.hpp>
#include <xgrad/io/atomic_file.hpp>
#include <xgrad/io/mapped_file.hpp>
#include <xgrad/io/number_type.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/io/safetensors_header.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

namespace xgrad::io {
namespace {

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = 100'000'000;  // the format's own limit

// Where the header lies; the data follows.
std::string_view header_text(const std::filesystem::path& path, std::span<const std::byte> file) {
  const std::uint64_t size = file.size();
  if (size < length_bytes)
    throw IoError(
        fmt::format("{}: found {} bytes, expected at least the {} that give the length of a "
                    "safetensors header: is this another kind of file?",
                    path.string(), size, length_bytes));
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), length_bytes);
  if (header_bytes > max_header_bytes || header_bytes > size - length_bytes)
    throw IoError(
        fmt::format("{}: the header is said to take {} bytes, expected at most {}: is this "
                    "another kind of file, or cut off?",
                    path.string(), header_bytes, std::min(max_header_bytes, size - length_bytes)));
  return {reinterpret_cast<const char*>(file.data()) + length_bytes, header_bytes};
}

// What the numbers of an entry are, if they can be read as floating-point ones.
std::optional<NumberType> readable_type(const TensorEntry& entry) {
  if (entry.dtype == "F32") return NumberType::f32;
  if (entry.dtype == "F64") return NumberType::f64;
  if (entry.dtype == "F16") return NumberType::f16;
  if (entry.dtype == "BF16") return NumberType::bf16;
  if (entry.dtype == "I64" && entry.end - entry.begin == 8) return NumberType::i64;
  return std::nullopt;
}

}  // namespace

struct SafetensorsFile::Contents {
  explicit Contents(const std::filesystem::path& from) : path(from), file(from) {
    const std::string_view text = header_text(path, file.bytes());
    data = file.bytes().subspan(length_bytes + text.size());
    header = parse_safetensors_header(path, text, data.size());
  }

  const TensorEntry& entry(const std::string& name) const {
    const auto found = header.tensors.find(name);
    if (found == header.tensors.end())
      throw ValueError(
          fmt::format("{}: has no tensor \"{}\": names() tells which it has", path.string(), name));
    return found->second;
  }

  NumberType type(const std::string& name) const {
    const TensorEntry& found = entry(name);
    const auto type = readable_type(found);
    if (!type)
      throw IoError(
          fmt::format("{}: {}: found {} of shape {}, expected F32, F64, F16 or BF16 (or I64 for "
                      "a single number): convert the tensor before saving it",
                      path.string(), name, found.dtype, found.shape.to_string()));
    return *type;
  }

  const std::filesystem::path path;
  const MappedFile file;
  std::span<const std::byte> data{};
  SafetensorsHeader header{};
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : contents_(std::make_shared<Contents>(path)) {}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : contents_->header.tensors) names.push_back(name);
  return names;
}

bool SafetensorsFile::contains(const std::string& name) const {
  return contents_->header.tensors.contains(name);
}

const Shape& SafetensorsFile::shape(const std::string& name) const {
  return contents_->entry(name).shape;
}

const std::string& SafetensorsFile::dtype(const std::string& name) const {
  return contents_->entry(name).dtype;
}

const Metadata& SafetensorsFile::metadata() const { return contents_->header.metadata; }

template <class T>
Tensor<T> SafetensorsFile::tensor(const std::string& name) const {
  const NumberType type = contents_->type(name);
  const TensorEntry& entry = contents_->entry(name);
  Tensor<T> tensor = Tensor<T>::empty(entry.shape);
  read_numbers(contents_->data.subspan(entry.begin, entry.end - entry.begin), type, false,
               tensor.data());
  return tensor;
}

template <class T>
StateDict<T> SafetensorsFile::tensors() const {
  for (const auto& [name, entry] : contents_->header.tensors) contents_->type(name);
  StateDict<T> tensors;
  for (const auto& [name, entry] : contents_->header.tensors)
    tensors.emplace(name, tensor<T>(name));
  return tensors;
}

template <class T>
void save_safetensors(const std::filesystem::path& path, const StateDict<T>& tensors,
                      const Metadata& metadata, const std::filesystem::path& previous) {
  SafetensorsHeader header{metadata, {}};
  std::uint64_t end = 0;
  for (const auto& [name, tensor] : tensors) {
    if (name == "__metadata__" || !tensor.defined())
      throw ValueError(fmt::format("save_safetensors: {}: \"{}\" {}", path.string(), name,
                                   tensor.defined()
                                       ? "is reserved by the format: use another name"
                                       : "is undefined: give it a value, or leave it out"));
    const std::uint64_t begin = end;
    end += static_cast<std::uint64_t>(tensor.size()) * sizeof(T);
    header.tensors[name] = {sizeof(T) == 4 ? "F32" : "F64", tensor.shape(), begin, end};
  }
  const std::string text = format_safetensors_header(header);
  const std::uint64_t length = text.size();
  if (length > max_header_bytes)
    throw ValueError(
        fmt::format("save_safetensors: {}: the names and metadata take {} bytes, and the "
                    "format allows {}: shorten them",
                    path.string(), length, max_header_bytes));

  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(text)));
  for (const auto& [name, tensor] : tensors) file.write(std::as_bytes(tensor.values()));
  file.commit(previous);
}

template <class T>
StateDict<T> load_safetensors(const std::filesystem::path& path) {
  return SafetensorsFile(path).tensors<T>();
}

Metadata load_safetensors_metadata(const std::filesystem::path& path) {
  return SafetensorsFile(path).metadata();
}

#define XGRAD_INSTANTIATE(T)                                                        \
  template Tensor<T> SafetensorsFile::tensor(const std::string&) const;             \
  template StateDict<T> SafetensorsFile::tensors() const;                           \
  template void save_safetensors(const std::filesystem::path&, const StateDict<T>&, \
                                 const Metadata&, const std::filesystem::path&);    \
  template StateDict<T> load_safetensors(const std::filesystem::path&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::io
