// datasets::read_idx over files that are not compressed (gzip has its own target). Of 3 axes, as
// those of images, or of the number in the first byte after the magic number.

#include <datasets/idx.hpp>

#include "fuzz.hpp"

using namespace xgrad;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile file;
  file.write({data, size});
  const int rank = size > 3 && data[3] >= 1 && data[3] <= Shape::max_rank ? data[3] : 3;
  const fuzz::MemoryLimit limit(200'000 + size);
  fuzz::succeeds([&] {
    const auto array = datasets::read_idx(file.path(), rank);
    fuzz::require(array.values.size() + 4 + 4 * static_cast<std::size_t>(rank) == size,
                  "other values than the file has");
    fuzz::require(array.values.size() == fuzz::elements(array.extents), "extents of other values");
  });
  return 0;
}
