#pragma once

#include <cstdint>

#include <datasets/image_set.hpp>
#include <datasets/mnist.hpp>

namespace xgrad::datasets {

/// Digits drawn with a pen: strokes per digit in several hands, bent, sheared, turned, scaled and
/// shifted at random, of random width and ink, with stray marks, gaps and noise; 28 x 28, white on
/// black, classes in random order. Image i depends on the seed and i only: a longer set begins with
/// the shorter one. Throws ValueError for count < 1.
ImageSet synthetic_digits(Index count, std::uint64_t seed);

/// What Mnist::name says of them.
inline constexpr const char* synthetic_name = "synthetic digits";

/// Synthetic digits of MNIST's size; test images are not among the training images.
/// Throws ValueError if a count is below 1.
Mnist synthetic_mnist(std::uint64_t seed = 0, Index train_count = 60000, Index test_count = 10000);

}  // namespace xgrad::datasets
