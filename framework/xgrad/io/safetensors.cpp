#include <xgrad/core/error.hpp>
#include <xgrad/io/atomic_file.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/io/safetensors_header.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace xgrad::io {
namespace {

static_assert(std::endian::native == std::endian::little,
              "numbers are copied as they lie in memory");

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = 100'000'000;  // the format's own limit

template <class T>
constexpr const char* dtype_of = sizeof(T) == 4 ? "F32" : "F64";

void read(std::ifstream& file, const std::filesystem::path& path, void* to, std::uint64_t bytes) {
  file.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
  if (!file)
    throw IoError(fmt::format("{}: reading {} bytes failed: {}", path.string(), bytes,
                              std::generic_category().message(errno)));
}

// Opens the file, and leaves it at the start of the data.
SafetensorsHeader open_and_check(const std::filesystem::path& path, std::ifstream& file) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (!error) file.open(path, std::ios::binary);
  if (error || !file)
    throw IoError(fmt::format("{}: cannot be opened: {}: check the path", path.string(),
                              error ? error.message() : std::generic_category().message(errno)));
  if (size < length_bytes)
    throw IoError(
        fmt::format("{}: found {} bytes, expected at least the {} that give the length of a "
                    "safetensors header: is this another kind of file?",
                    path.string(), size, length_bytes));
  std::uint64_t header_bytes = 0;
  read(file, path, &header_bytes, length_bytes);
  if (header_bytes > max_header_bytes || header_bytes > size - length_bytes)
    throw IoError(
        fmt::format("{}: the header is said to take {} bytes, expected at most {}: is this "
                    "another kind of file, or cut off?",
                    path.string(), header_bytes, std::min(max_header_bytes, size - length_bytes)));
  std::string text(header_bytes, '\0');
  read(file, path, text.data(), header_bytes);
  return parse_safetensors_header(path, text, size - length_bytes - header_bytes);
}

// Reads numbers of type From into a tensor of another type, a piece at a time.
template <class From, class T>
void read_converted(std::ifstream& file, const std::filesystem::path& path, Tensor<T>& tensor) {
  From piece[1024];
  for (Index done = 0; done < tensor.size();) {
    const Index count = std::min<Index>(std::ssize(piece), tensor.size() - done);
    read(file, path, piece, static_cast<std::uint64_t>(count) * sizeof(From));
    std::transform(piece, piece + count, tensor.data() + done,
                   [](From value) { return static_cast<T>(value); });
    done += count;
  }
}

template <class T>
Tensor<T> read_tensor(std::ifstream& file, const std::filesystem::path& path,
                      const TensorEntry& entry) {
  Tensor<T> tensor = Tensor<T>::empty(entry.shape);
  if (entry.dtype == dtype_of<T>)
    read(file, path, tensor.data(), entry.end - entry.begin);
  else if (entry.dtype == "F32")
    read_converted<float>(file, path, tensor);
  else if (entry.dtype == "F64")
    read_converted<double>(file, path, tensor);
  else
    read_converted<std::int64_t>(file, path, tensor);
  return tensor;
}

}  // namespace

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
    header.tensors.push_back({name, dtype_of<T>, tensor.shape(), begin, end});
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
  std::ifstream file;
  StateDict<T> tensors;
  for (const TensorEntry& entry : open_and_check(path, file).tensors)
    tensors.emplace(entry.name, read_tensor<T>(file, path, entry));
  return tensors;
}

Metadata load_safetensors_metadata(const std::filesystem::path& path) {
  std::ifstream file;
  return open_and_check(path, file).metadata;
}

#define XGRAD_INSTANTIATE(T)                                                        \
  template void save_safetensors(const std::filesystem::path&, const StateDict<T>&, \
                                 const Metadata&, const std::filesystem::path&);   \
  template StateDict<T> load_safetensors(const std::filesystem::path&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::io
