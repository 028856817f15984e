#include <xgrad/core/error.hpp>
#include <xgrad/io/mapped_file.hpp>
#include <xgrad/io/npy_format.hpp>
#include <xgrad/io/npz.hpp>
#include <xgrad/io/zip.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <string_view>

namespace xgrad::io {
namespace {

constexpr std::string_view suffix = ".npy";

bool is_utf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

// What ZIP cannot hold is refused before anything is written.
template <class T>
void check(const std::filesystem::path& path, const StateDict<T>& tensors) {
  constexpr std::uint64_t most_bytes = 0xfffffffe, most_entries = 0xfffe, most_of_name = 0xffff;
  std::uint64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) {
    const auto wrong = [&, n = std::string_view(name)](const char* what) {
      throw ValueError(
          fmt::format("save_npz: {}: \"{}\" {}", path.string(), n.substr(0, 200), what));
    };
    if (!tensor.defined()) wrong("is undefined: give it a value, or leave it out");
    if (!is_utf8(name)) wrong("is not UTF-8: use another name");
    if (name.size() + suffix.size() > most_of_name) wrong("is too long for a name: shorten it");
    // Both headers of an entry and that of its array stay below this.
    constexpr std::uint64_t headers = 1024;
    bytes += static_cast<std::uint64_t>(tensor.size()) * sizeof(T) + 2 * name.size() + headers;
  }
  if (bytes > most_bytes || tensors.size() > most_entries)
    throw ValueError(
        fmt::format("save_npz: {}: {} tensors of {} bytes in all, and ZIP archives hold {} of {}: "
                    "use save_safetensors",
                    path.string(), tensors.size(), bytes, most_entries, most_bytes));
}

}  // namespace

struct NpzFile::Contents {
  explicit Contents(const std::filesystem::path& from) : path(from.string()), file(from) {
    for (auto& [name, entry] : read_zip_directory(path, file.bytes())) {
      if (!name.ends_with(suffix))
        throw IoError(
            fmt::format("{}: found an entry \"{}\", expected names that end in .npy: is "
                        "this an archive of NumPy's?",
                        path, name.substr(0, 200)));
      entries.emplace(name.substr(0, name.size() - suffix.size()), entry);
    }
  }

  // Calls read(source, header, bytes) for an array.
  template <class F>
  auto with_array(const std::string& name, F read) const {
    const auto found = entries.find(name);
    if (found == entries.end())
      throw ValueError(
          fmt::format("{}: has no array \"{}\": names() tells which it has", path, name));
    const std::string source = fmt::format("{}: {}", path, name);
    ZipReader reader(source, found->second);
    // Before memory is taken for the array: does its own header give this size?
    const NpyHeader header =
        parse_npy_header(source, reader.beginning(max_npy_header_bytes), found->second.size);
    return read(source, header, reader.all());
  }

  const std::string path;
  const MappedFile file;
  std::map<std::string, ZipEntry> entries{};
};

NpzFile::NpzFile(const std::filesystem::path& path) : contents_(std::make_shared<Contents>(path)) {}

std::vector<std::string> NpzFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : contents_->entries) names.push_back(name);
  return names;
}

bool NpzFile::contains(const std::string& name) const { return contents_->entries.contains(name); }

template <class T>
Tensor<T> NpzFile::tensor(const std::string& name) const {
  return contents_->with_array(
      name, [](const std::string&, const NpyHeader& header, std::span<const std::byte> array) {
        return npy_tensor<T>(header, array);
      });
}

IntegerArray NpzFile::integers(const std::string& name) const {
  return contents_->with_array(name, npy_integers);
}

template <class T>
void save_npz(const std::filesystem::path& path, const StateDict<T>& tensors) {
  check(path, tensors);
  AtomicFile file(path);
  ZipWriter archive(file);
  for (const auto& [name, tensor] : tensors) {
    const std::string header = format_npy_header(npy_descr<T>, tensor.shape());
    const std::array parts{std::as_bytes(std::span<const char>(header)),
                           std::as_bytes(tensor.values())};
    archive.add(name + std::string(suffix), parts);
  }
  archive.finish();
  file.commit();
}

template <class T>
StateDict<T> load_npz(const std::filesystem::path& path) {
  const NpzFile file(path);
  StateDict<T> tensors;
  for (const std::string& name : file.names()) tensors.emplace(name, file.tensor<T>(name));
  return tensors;
}

#define XGRAD_INSTANTIATE(T)                                                 \
  template Tensor<T> NpzFile::tensor(const std::string&) const;              \
  template void save_npz(const std::filesystem::path&, const StateDict<T>&); \
  template StateDict<T> load_npz(const std::filesystem::path&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::io
