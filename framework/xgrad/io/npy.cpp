#include <xgrad/core/error.hpp>
#include <xgrad/io/atomic_file.hpp>
#include <xgrad/io/mapped_file.hpp>
#include <xgrad/io/npy.hpp>
#include <xgrad/io/npy_format.hpp>

#include <fmt/format.h>

namespace xgrad::io {
namespace {

void save(const std::filesystem::path& path, const std::string& header,
          std::span<const std::byte> data) {
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(header)));
  file.write(data);
  file.commit();
}

}  // namespace

template <class T>
void save_npy(const std::filesystem::path& path, const Tensor<T>& tensor) {
  if (!tensor.defined())
    throw ValueError(
        fmt::format("save_npy: {}: the tensor is undefined: give it a value", path.string()));
  save(path, format_npy_header(npy_descr<T>, tensor.shape()), std::as_bytes(tensor.values()));
}

void save_npy(const std::filesystem::path& path, std::span<const std::int32_t> labels) {
  save(path, format_npy_header("<i4", Shape{std::ssize(labels)}), std::as_bytes(labels));
}

template <class T>
Tensor<T> load_npy(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  return npy_tensor<T>(parse_npy_header(path.string(), bytes, bytes.size()), bytes);
}

IntegerArray load_npy_integers(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  return npy_integers(path.string(), parse_npy_header(path.string(), bytes, bytes.size()), bytes);
}

#define XGRAD_INSTANTIATE(T)                                              \
  template void save_npy(const std::filesystem::path&, const Tensor<T>&); \
  template Tensor<T> load_npy(const std::filesystem::path&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::io
