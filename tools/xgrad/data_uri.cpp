#include "tools/xgrad/data_uri.hpp"

#include <png.h>

#include <fmt/format.h>

#include <algorithm>

#include <xgrad/core/error.hpp>

namespace xgrad::command {
namespace {

// RFC 4648, section 4.
std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t j) {
      return i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u;
    };
    const unsigned three = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (const int shift : {18, 12, 6, 0}) text += digits[three >> shift & 63];
  }
  for (std::size_t i = bytes.size() % 3, end = text.size(); i != 0 && i < 3; ++i) text[--end] = '=';
  return text;
}

}  // namespace

Picture grid_of(const std::vector<Picture>& pictures, int columns, int factor) {
  const auto alike = [&](const Picture& one) {
    return one.width == pictures[0].width && one.height == pictures[0].height &&
           one.channels == pictures[0].channels;
  };
  if (pictures.empty() || !std::all_of(pictures.begin(), pictures.end(), alike))
    throw ValueError("grid_of: there are no pictures, or they differ in size: give some of one size");
  const Picture& first = pictures[0];
  const int count = static_cast<int>(pictures.size()), across = std::min(columns, count),
            down = (count + across - 1) / across;
  const int cell_width = first.width * factor + 1, cell_height = first.height * factor + 1;
  Picture grid{.width = across * cell_width - 1,
               .height = down * cell_height - 1,
               .channels = first.channels};
  constexpr std::uint8_t line = 128;  // to be told from weights of 0 and from black pictures
  grid.pixels.reserve(static_cast<std::size_t>(grid.width * grid.height * grid.channels));
  for (int y = 0; y < grid.height; ++y)
    for (int x = 0; x < grid.width; ++x) {
      const int one = y / cell_height * across + x / cell_width;
      const int row = y % cell_height / factor, column = x % cell_width / factor;
      const bool drawn = one < count && row < first.height && column < first.width;
      for (int c = 0; c < grid.channels; ++c)
        grid.pixels.push_back(
            drawn ? pictures[static_cast<std::size_t>(one)].pixels[static_cast<std::size_t>(
                        (row * first.width + column) * grid.channels + c)]
                  : line);
    }
  return grid;
}

std::string png_of(const Picture& picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = picture.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  std::string bytes;
  png_alloc_size_t size = 0;
  const auto write = [&](char* memory) {  // to nowhere at first, for the size
    if (!png_image_write_to_memory(&image, memory, &size, 0, picture.pixels.data(), 0, nullptr))
      throw Error(fmt::format("a picture of {}x{} pixels cannot be made a PNG: {}", picture.width,
                              picture.height, image.message));
    bytes.resize(size);
  };
  write(nullptr);
  write(bytes.data());
  return bytes;
}

std::string png_uri(const Picture& picture) {
  return "data:image/png;base64," + base64(png_of(picture));
}

std::string svg_uri(std::string_view svg) { return "data:image/svg+xml;base64," + base64(svg); }

}  // namespace xgrad::command
