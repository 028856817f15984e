#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include <xgrad/core/shape.hpp>

namespace xgrad::datasets {

struct GreyImage {
  Index height = 0, width = 0;
  std::vector<std::uint8_t> pixels{};  ///< [height, width]; 0 is black
};

/// Reads a PNG of any kind: 16 bits are rounded to 8, colours become their luminance. Throws
/// IoError, naming the file, if it is missing, damaged, no PNG, of more than 8192x8192 pixels, or
/// transparent anywhere: what is
/// behind it cannot be guessed.
GreyImage read_png(const std::filesystem::path& path);

/// Writes 8-bit grey. Throws IoError.
void write_png(const std::filesystem::path& path, const GreyImage& image);

}  // namespace xgrad::datasets
