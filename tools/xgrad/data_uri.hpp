#pragma once
// Pictures within a page: as data: URIs, for the src of an <img>.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xgrad::command {

/// Pixels of 8 bits, row by row.
struct Picture {
  int width = 0, height = 0;
  int channels = 1;  ///< 1: grey, 3: red, green, blue
  std::vector<std::uint8_t> pixels{};
};

/// Pictures of one size and number of channels, row by row, each pixel as a square of `factor` pixels
/// and a grey line between two pictures. Throws ValueError for no pictures, and for different ones.
Picture grid_of(const std::vector<Picture>& pictures, int columns, int factor);

/// The bytes of a PNG file. Throws Error if libpng does not make one.
std::string png_of(const Picture& picture);
std::string png_uri(const Picture& picture);
/// Browsers run no script in it, whatever the file holds.
std::string svg_uri(std::string_view svg);

}  // namespace xgrad::command
