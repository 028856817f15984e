#pragma once

#include <cstdint>
#include <span>

#include <xgrad/core/random.hpp>

namespace xgrad::datasets {

/// How far an image may be moved; each is drawn uniformly from both directions. 0: not at all.
struct AugmentOptions {
  double max_shift = 2;      ///< pixels, in x and in y
  double max_rotation = 10;  ///< degrees, 0 to 180
  double max_scale = 0.1;    ///< the size is 1-max_scale to 1+max_scale times the original; below 1
  bool flip = false;         ///< every second image, at random, is its mirror image: left is right
  bool whole_pixels = false;  ///< shifts are rounded, so that they blur nothing
};

/// Throws ValueError, naming the option, unless each is in its range.
void check(const AugmentOptions& options);

/// Draws a rotation and scaling about the image's centre and a shift, and samples the moved image
/// bilinearly; what comes from outside is 0. `pixels` and `moved` are [height, width, channels], as
/// many channels as make up their size, all of which are moved alike; the values stay within 0 to
/// 255. Every image takes the same number of draws from `random`.
void augment(std::span<const std::uint8_t> pixels, Index height, Index width,
             const AugmentOptions& options, RandomStream random, std::span<float> moved);

}  // namespace xgrad::datasets
