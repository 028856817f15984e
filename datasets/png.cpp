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

PngImage read_png(const fs::path& path, Index channels) {
  if (channels != 1 && channels != 3)
    throw ValueError(fmt::format("read_png: channels {} must be 1 (grey) or 3 (colour)", channels));
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
  png.image.format = channels == 3 ? PNG_FORMAT_RGBA : PNG_FORMAT_GA;
  const auto n = static_cast<std::size_t>(channels);
  std::vector<std::uint8_t> with_alpha((n + 1) * pixels);
  png.check(png_image_finish_read(&png.image, nullptr, with_alpha.data(), 0, nullptr), remedy);
  PngImage result{png.image.height, png.image.width, {}, channels};
  result.pixels.reserve(n * pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    const auto pixel = with_alpha.begin() + static_cast<std::ptrdiff_t>((n + 1) * i);
    if (pixel[channels] != 255)
      png.fail(fmt::format("is transparent at row {}, column {}: save it without transparency",
                           i / png.image.width, i % png.image.width));
    result.pixels.insert(result.pixels.end(), pixel, pixel + channels);
  }
  return result;
}

void write_png(const fs::path& path, const PngImage& image) {
  Png png(path);
  png.image.format = image.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png.image.height = static_cast<png_uint_32>(image.height);
  png.image.width = static_cast<png_uint_32>(image.width);
  png.check(png_image_write_to_file(&png.image, path.c_str(), 0, image.pixels.data(), 0, nullptr),
            "check the folder, its permissions and free space");
}

}  // namespace xgrad::datasets
