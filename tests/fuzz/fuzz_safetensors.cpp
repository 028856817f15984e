// io::SafetensorsFile: the header, and all tensors in both types. What was read is what a file that
// is written from it gives.

#include <xgrad/io/safetensors.hpp>

#include "fuzz.hpp"

using namespace xgrad;

namespace {

template <class T>
void read(const io::SafetensorsFile& file, std::size_t size) {
  fuzz::succeeds([&] {
    std::size_t numbers = 0;
    for (const auto& [name, tensor] : file.tensors<T>()) {
      fuzz::require(tensor.shape() == file.shape(name), "a tensor of another shape");
      numbers += static_cast<std::size_t>(tensor.size());
    }
    fuzz::require(2 * numbers <= size, "more numbers than the file has bytes for");
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile memory;
  memory.write({data, size});
  // A tensor without elements takes 45 bytes in the header and several hundred in memory; a number
  // of 2 bytes becomes one of 8.
  const fuzz::MemoryLimit limit(1'000'000 + 200 * size);
  fuzz::succeeds([&] {
    const io::SafetensorsFile file(memory.path());
    for (const std::string& name : file.names()) {
      fuzz::require(file.contains(name) && !file.dtype(name).empty(), "a tensor without a type");
      fuzz::succeeds([&] { static_cast<void>(file.tensor<float>(name)); });
    }
    read<float>(file, size);
    read<double>(file, size);
    static_cast<void>(file.metadata());
  });
  return 0;
}
