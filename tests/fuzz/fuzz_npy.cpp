// io::load_npy over files that begin as these do, else io::NpzFile. Every array is read as numbers
// of both types and as integers.

#include <xgrad/io/npy.hpp>
#include <xgrad/io/npz.hpp>

#include <cmath>

#include "fuzz.hpp"

using namespace xgrad;

namespace {

// Integers are what the same numbers are in floating point.
void compare(const io::IntegerArray& integers, const Tensor<double>& tensor) {
  fuzz::require(integers.shape == tensor.shape(), "integers of another shape");
  for (std::size_t i = 0; i < integers.values.size(); ++i)
    fuzz::require(integers.values[i] == tensor.values()[i], "another integer");
}

void read_npy(const std::filesystem::path& path, std::size_t size) {
  fuzz::succeeds([&] {
    const auto tensor = io::load_npy<double>(path);
    fuzz::require(static_cast<std::size_t>(tensor.size()) <= size, "more numbers than bytes");
    fuzz::require(io::load_npy<float>(path).shape() == tensor.shape(), "a float of another shape");
    compare(io::load_npy_integers(path), tensor);
  });
}

void read_npz(const std::filesystem::path& path) {
  fuzz::succeeds([&] {
    const io::NpzFile file(path);
    for (const std::string& name : file.names())
      fuzz::succeeds([&] {
        const auto tensor = file.tensor<double>(name);
        compare(file.integers(name), tensor);
      });
    static_cast<void>(io::load_npz<float>(path));
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile memory;
  memory.write({data, size});
  if (size > 0 && data[0] == 0x93) {
    // A byte becomes a double, twice if axes are turned, and a float and an integer.
    const fuzz::MemoryLimit limit(1'000'000 + 40 * size);
    read_npy(memory.path(), size);
  } else {
    // The same of what deflate can make of it.
    const fuzz::MemoryLimit limit(1'000'000 + std::size_t{1032} * 40 * size);
    read_npz(memory.path());
  }
  return 0;
}
