#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <xgrad/core/shape.hpp>

namespace xgrad::datasets {

/// Grey or colour images with one label each.
struct ImageSet {
  Index count = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;  ///< [count, height, width, channels]; 0 is background
  std::vector<std::int32_t> labels;  ///< [count], each in 0..classes-1
  int classes = 10;
  Index channels = 1;  ///< 1: grey, 3: red, green, blue

  /// The pixels of one image, [height, width, channels]; `i` in 0..count-1.
  std::span<const std::uint8_t> image(Index i) const {
    const auto size = static_cast<std::size_t>(height * width * channels);
    return std::span(pixels).subspan(static_cast<std::size_t>(i) * size, size);
  }
};

/// Training and test images, and where they came from.
struct ImageData {
  std::string name;    ///< "MNIST", "CIFAR-10" ...
  std::string source;  ///< the folder, or "built-in generator, seed 0"
  ImageSet train;
  ImageSet test;
  std::vector<std::string> classes{};  ///< their names, by label
};

/// Throws ShapeError, naming `who`, unless there are as many pixels and labels as the extents say
/// and at least one image; ValueError if a label is outside 0..classes-1, naming its index.
void check(const ImageSet& set, const char* who);

/// The chosen images, in the order given. Throws ValueError on an index outside the set.
ImageSet subset(const ImageSet& set, std::span<const Index> indices);

struct Split {
  ImageSet train;
  ImageSet validation;
};

/// Sets a random part aside for validation: round(validation_fraction * count) images, but at least
/// one on either side. Both keep the order of the set. Which ones depends on the seed and the count
/// only. Throws ValueError unless 0 < validation_fraction < 1 and there are two images or more.
Split split(const ImageSet& set, double validation_fraction, std::uint64_t seed);

}  // namespace xgrad::datasets
