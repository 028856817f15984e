// A PNG file, read by itself and as one of the images of a folder. Chunks get their right checksum
// after most mutations: libpng looks at nothing else of a chunk with a wrong one.

#include <datasets/image_folder.hpp>
#include <datasets/png.hpp>

#include <zlib.h>

#include <algorithm>

#include "fuzz.hpp"

using namespace xgrad;

namespace {

constexpr Index height = 4, width = 5;

// train/a/1.png is the file that is fuzzed, the others are whole.
struct Images {
  fuzz::MemoryFile fuzzed{}, whole{};
  fuzz::MemoryFolder folder{};
  Images() {
    datasets::write_png(whole.path(),
                        {height, width, std::vector<std::uint8_t>(height * width, 100)});
    folder.link("train/a/1.png", fuzzed);
    for (const char* name : {"train/a/2.png", "train/b/1.png", "test/a/1.png", "test/b/1.png"})
      folder.link(name, whole);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Images images;
  images.fuzzed.write({data, size});
  // Deflate makes 1032 bytes of one at most, of which each holds 8 pixels at most, and a pixel
  // takes a byte, besides two while grey and alpha are decoded. More than 2^26 pixels are not read.
  const std::size_t pixels_at_most = std::min<std::size_t>(std::size_t{1032} * 8 * size, 1 << 26);
  const fuzz::MemoryLimit limit(1'000'000 + 3 * pixels_at_most);
  Index pixels = 0;
  const bool readable = fuzz::succeeds([&] {
    const auto image = datasets::read_png(images.fuzzed.path());
    fuzz::require(static_cast<Index>(image.pixels.size()) == image.height * image.width,
                  "other pixels than the image has");
    pixels = image.height == height && image.width == width ? height * width : 0;
  });
  if (!readable && size % 16 != 0) return 0;  // what the folder says then is the same, but slow
  const bool loadable = fuzz::succeeds([&] {
    const auto all = datasets::load_image_folder(images.folder.path());
    datasets::check(all.train, "fuzz");
    fuzz::require(all.train.count == 3 && all.test.count == 2, "other images than there are");
  });
  fuzz::require(loadable == (readable && pixels > 0), "an image that is readable in one way only");
  return 0;
}

#ifdef XGRAD_FUZZER
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, most);
  if (seed % 8 == 0) return size;
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i)
      data[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  };
  constexpr std::uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  if (size < sizeof signature) return size;
  std::copy(std::begin(signature), std::end(signature), data);
  // A chunk is its length, 4 letters, data, and the checksum of the latter two.
  for (std::size_t at = 8; at + 12 <= size;) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | data[at + i];
    if (length > size - at - 12) put(at, static_cast<std::uint32_t>(length = size - at - 12));
    put(at + 8 + length,
        static_cast<std::uint32_t>(crc32(0, data + at + 4, static_cast<uInt>(length + 4))));
    at += 12 + length;
  }
  return size;
}
#endif
