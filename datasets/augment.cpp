#include <datasets/augment.hpp>

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include <xgrad/core/error.hpp>

namespace xgrad::datasets {

void check(const AugmentOptions& options) {
  const auto in_range = [](const char* name, double value, double limit, bool may_be_limit) {
    if (value >= 0 && (value < limit || (may_be_limit && value == limit))) return;
    throw ValueError(fmt::format("augment: {} {} is outside 0 to {}{}: use 0 to switch it off",
                                 name, value, limit, may_be_limit ? "" : " (exclusive)"));
  };
  in_range("max_shift", options.max_shift, 1e6, true);
  in_range("max_rotation", options.max_rotation, 180, true);
  in_range("max_scale", options.max_scale, 1, false);
}

void augment(std::span<const std::uint8_t> pixels, Index height, Index width,
             const AugmentOptions& options, RandomStream random, std::span<float> moved) {
  const auto draw = [&](double most) { return most * random.uniform(-1, 1); };
  const auto draw_shift = [&] {
    const double shift = draw(options.max_shift);
    return options.whole_pixels ? std::round(shift) : shift;
  };
  const double shift_x = draw_shift();
  const double shift_y = draw_shift();
  const double angle = draw(options.max_rotation) * std::numbers::pi / 180;
  const double scale = 1 + draw(options.max_scale);
  const bool flipped = random.uniform(0, 1) < 0.5 && options.flip;
  const Index channels = static_cast<Index>(pixels.size()) / (height * width);
  // The inverse map, from where a pixel goes to where it comes from.
  const auto cos = static_cast<float>(std::cos(angle) / scale);
  const auto sin = static_cast<float>(std::sin(angle) / scale);
  const float centre_x = static_cast<float>(width - 1) / 2;
  const float centre_y = static_cast<float>(height - 1) / 2;
  const auto pixel = [&](Index y, Index x, Index c) {
    const bool inside = y >= 0 && y < height && x >= 0 && x < width;
    return inside ? static_cast<float>(
                        pixels[static_cast<std::size_t>((y * width + x) * channels + c)])
                  : 0.f;
  };
  float* out = moved.data();
  for (Index y = 0; y < height; ++y) {
    const float dy = static_cast<float>(y) - centre_y - static_cast<float>(shift_y);
    for (Index x = 0; x < width; ++x) {
      const float dx = static_cast<float>(x) - centre_x - static_cast<float>(shift_x);
      const float unflipped_x = centre_x + cos * dx + sin * dy;
      const float from_x = flipped ? static_cast<float>(width - 1) - unflipped_x : unflipped_x;
      const float from_y = centre_y - sin * dx + cos * dy;
      const float left = std::floor(from_x), top = std::floor(from_y);
      const float fx = from_x - left, fy = from_y - top;
      const auto x0 = static_cast<Index>(left), y0 = static_cast<Index>(top);
      for (Index c = 0; c < channels; ++c)
        *out++ = (1 - fy) * ((1 - fx) * pixel(y0, x0, c) + fx * pixel(y0, x0 + 1, c)) +
                 fy * ((1 - fx) * pixel(y0 + 1, x0, c) + fx * pixel(y0 + 1, x0 + 1, c));
    }
  }
}

}  // namespace xgrad::datasets
