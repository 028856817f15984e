#include <datasets/image_set.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>

namespace xgrad::datasets {

void check(const ImageSet& set, const char* who) {
  const Index pixels =
      set.count < 0 ? -1 : Shape{set.count, set.height, set.width, set.channels}.elements();
  if (set.count < 1 || pixels < 1)
    throw ShapeError(
        fmt::format("{}: the image set is empty, [{}, {}, {}, {}] (count, height, width, "
                    "channels): give it at least one image of one pixel",
                    who, set.count, set.height, set.width, set.channels));
  if (static_cast<Index>(set.pixels.size()) != pixels)
    throw ShapeError(
        fmt::format("{}: the image set holds {} pixels, expected {} for [{}, {}, {}, {}] "
                    "(count, height, width, channels): make them agree",
                    who, set.pixels.size(), pixels, set.count, set.height, set.width,
                    set.channels));
  if (static_cast<Index>(set.labels.size()) != set.count)
    throw ShapeError(
        fmt::format("{}: the image set holds {} labels for {} images: give each image "
                    "one label",
                    who, set.labels.size(), set.count));
  const auto wrong = std::find_if(set.labels.begin(), set.labels.end(), [&](std::int32_t label) {
    return label < 0 || label >= set.classes;
  });
  if (wrong != set.labels.end())
    throw ValueError(
        fmt::format("{}: label {} of example {} is outside 0 to {}: correct the label or "
                    "the number of classes",
                    who, *wrong, wrong - set.labels.begin(), set.classes - 1));
}

ImageSet subset(const ImageSet& set, std::span<const Index> indices) {
  ImageSet result;
  result.count = static_cast<Index>(indices.size());
  result.height = set.height;
  result.width = set.width;
  result.classes = set.classes;
  result.channels = set.channels;
  result.pixels.reserve(indices.size() *
                        static_cast<std::size_t>(set.height * set.width * set.channels));
  result.labels.reserve(indices.size());
  for (const Index i : indices) {
    if (i < 0 || i >= set.count)
      throw ValueError(
          fmt::format("subset: index {} is outside the set's 0 to {}", i, set.count - 1));
    const auto image = set.image(i);
    result.pixels.insert(result.pixels.end(), image.begin(), image.end());
    result.labels.push_back(set.labels[static_cast<std::size_t>(i)]);
  }
  return result;
}

Split split(const ImageSet& set, double validation_fraction, std::uint64_t seed) {
  if (!(validation_fraction > 0 && validation_fraction < 1))
    throw ValueError(
        fmt::format("split: validation_fraction {} is outside the open interval 0 to 1: "
                    "0.1 sets a tenth aside",
                    validation_fraction));
  check(set, "split");
  if (set.count < 2) throw ValueError("split: one image cannot be split: give the set at least 2");
  std::vector<Index> order = RandomStream(seed, "split").permutation(set.count);
  const Index aside = std::clamp<Index>(
      std::llround(validation_fraction * static_cast<double>(set.count)), 1, set.count - 1);
  std::sort(order.begin(), order.begin() + aside);
  std::sort(order.begin() + aside, order.end());
  const std::span<const Index> all(order);
  return {subset(set, all.subspan(static_cast<std::size_t>(aside))),
          subset(set, all.first(static_cast<std::size_t>(aside)))};
}

}  // namespace xgrad::datasets
