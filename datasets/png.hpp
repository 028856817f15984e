#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include <xgrad/core/shape.hpp>

namespace xgrad::datasets {

struct PngImage {
  Index height = 0, width = 0;
  std::vector<std::uint8_t> pixels{};  ///< [height, width, channels]; 0 is black
  Index channels = 1;                  ///< 1: grey, 3: red, green, blue
};

/// Reads a PNG of any kind as grey, or with 3 channels in colour: 16 bits are rounded to 8, colours
/// become their luminance, or grey a colour. Throws IoError, naming the file, if it is missing,
/// damaged, no PNG, of more than 8192x8192 pixels, or transparent anywhere: what is behind it cannot
/// be guessed. ValueError for another number of channels.
PngImage read_png(const std::filesystem::path& path, Index channels = 1);

/// Writes 8-bit grey or colour. Throws IoError.
void write_png(const std::filesystem::path& path, const PngImage& image);

}  // namespace xgrad::datasets
