#include <datasets/png.hpp>

#include <fmt/format.h>
#include <png.h>

#include <string>

#include <xgrad/core/error.hpp>

namespace xgrad::datasets {
namespace {

namespace fs = std::filesystem;

// 8192x8192: no network of this project takes a tenth of it, and a page of one colour packs so well
// that the check below alone would give a megabyte of file 25 gigabytes of memory.
constexpr std::uintmax_t most_pixels = std::uintmax_t{1} << 26;

// libpng's simple interface: no longjmp, and errors as text.
class Png {
 public:
  explicit Png(const fs::path& path) : path_(path) { image.version = PNG_IMAGE_VERSION; }
  ~Png() { png_image_free(&image); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;

  [[noreturn]] void fail(const std::string& what) const {
    throw IoError(fmt::format("{}: {}", path_.string(), what));
  }
  /// Of a function that returns 0 if it failed.
  void check(int result, const char* remedy) const {
    if (result == 0) fail(fmt::format("{}: {}", image.message, remedy));
  }

  png_image image{};

 private:
  fs::path path_;
};

}  // namespace

GreyImage read_png(const fs::path& path) {
  Png png(path);
  std::error_code error;
  const std::uintmax_t file_bytes = fs::file_size(path, error);
  if (error) png.fail(fmt::format("cannot be opened ({}): check the path", error.message()));
  constexpr const char* remedy = "a whole PNG file is needed";
  png.check(png_image_begin_read_from_file(&png.image, path.c_str()), remedy);
  // Deflate packs no more than 1032 bytes into one, and a pixel has a bit at least: a small file
  // must not ask for much memory.
  const std::uintmax_t pixels = std::uintmax_t{png.image.width} * png.image.height;
  if (pixels / 8 / 1032 > file_bytes)
    png.fail(fmt::format("promises {}x{} pixels, but its {} bytes cannot hold them: {}",
                         png.image.width, png.image.height, file_bytes, remedy));
  if (pixels > most_pixels)
    png.fail(fmt::format("has {}x{} pixels, {} are read at most: scale it first", png.image.width,
                         png.image.height, most_pixels));
  // Otherwise 16 bits would be taken for proportional to the light, and 8 bits not.
  png.image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  png.image.format = PNG_FORMAT_GA;
  std::vector<std::uint8_t> grey_alpha(2 * pixels);
  png.check(png_image_finish_read(&png.image, nullptr, grey_alpha.data(), 0, nullptr), remedy);
  GreyImage result{png.image.height, png.image.width, std::vector<std::uint8_t>(pixels)};
  for (std::size_t i = 0; i < pixels; ++i) {
    if (grey_alpha[2 * i + 1] != 255)
      png.fail(fmt::format("is transparent at row {}, column {}: save it without transparency",
                           i / png.image.width, i % png.image.width));
    result.pixels[i] = grey_alpha[2 * i];
  }
  return result;
}

void write_png(const fs::path& path, const GreyImage& image) {
  Png png(path);
  png.image.format = PNG_FORMAT_GRAY;
  png.image.height = static_cast<png_uint_32>(image.height);
  png.image.width = static_cast<png_uint_32>(image.width);
  png.check(png_image_write_to_file(&png.image, path.c_str(), 0, image.pixels.data(), 0, nullptr),
            "check the folder, its permissions and free space");
}

}  // namespace xgrad::datasets
