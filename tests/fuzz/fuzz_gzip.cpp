// datasets::read_idx over files compressed by gzip. Every other mutation is made to what is
// compressed, since few files with a byte changed have the right checksum.

#include <datasets/idx.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "fuzz.hpp"

using namespace xgrad;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile file;
  file.write({data, size});
  // inflate's own window and state, and what deflate can make of a byte at most.
  const fuzz::MemoryLimit limit(200'000 + 1032 * size);
  for (const int rank : {1, 3})
    fuzz::succeeds([&] {
      const auto array = datasets::read_idx(file.path(), rank);
      fuzz::require(array.values.size() == fuzz::elements(array.extents),
                    "extents of other values");
    });
  return 0;
}

#ifdef XGRAD_FUZZER
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

// What the first member holds, as far as it can be read.
std::vector<std::uint8_t> decompressed(std::vector<std::uint8_t> from, std::size_t most) {
  std::vector<std::uint8_t> to(most);
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return {};
  stream.next_in = from.data();
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = to.data();
  stream.avail_out = static_cast<uInt>(most);
  inflate(&stream, Z_FINISH);
  to.resize(most - stream.avail_out);
  inflateEnd(&stream);
  return to;
}

std::vector<std::uint8_t> compressed(std::vector<std::uint8_t> from, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::vector<std::uint8_t> to(deflateBound(&stream, from.size()) + 64);
  stream.next_in = from.data();
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = to.data();
  stream.avail_out = static_cast<uInt>(to.size());
  deflate(&stream, Z_FINISH);
  to.resize(to.size() - stream.avail_out);
  deflateEnd(&stream);
  return to;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  if (seed % 2 == 0) return LLVMFuzzerMutate(data, size, most);
  constexpr std::size_t room = 1 << 14;
  std::vector<std::uint8_t> plain = decompressed({data, data + size}, room);
  const std::size_t length = plain.size();
  plain.resize(room);
  plain.resize(LLVMFuzzerMutate(plain.data(), length, room));
  const auto packed = compressed(plain, static_cast<int>(seed / 2 % 10));
  if (packed.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::memcpy(data, packed.data(), packed.size());
  return packed.size();
}
#endif
