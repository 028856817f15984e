#include <boost/test/unit_test.hpp>

#include <datasets/augment.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

using namespace xgrad;
using namespace xgrad::datasets;

namespace {

constexpr Index height = 21, width = 17;

// A blob of ink around (x, y).
std::vector<std::uint8_t> blob(double x, double y) {
  std::vector<std::uint8_t> pixels;
  for (Index i = 0; i < height; ++i)
    for (Index j = 0; j < width; ++j) {
      const double d2 =
          std::pow(static_cast<double>(j) - x, 2) + std::pow(static_cast<double>(i) - y, 2);
      pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * std::exp(-d2 / 3))));
    }
  return pixels;
}

struct Centre {
  double x = 0, y = 0;
};

Centre centre_of(const std::vector<float>& image) {
  Centre centre;
  double total = 0;
  for (Index i = 0; i < height; ++i)
    for (Index j = 0; j < width; ++j) {
      const double ink = static_cast<double>(image[static_cast<std::size_t>(i * width + j)]);
      total += ink;
      centre.x += ink * static_cast<double>(j);
      centre.y += ink * static_cast<double>(i);
    }
  return {centre.x / total, centre.y / total};
}

std::vector<float> moved(const std::vector<std::uint8_t>& pixels, const AugmentOptions& options,
                         std::uint64_t example) {
  std::vector<float> out(pixels.size());
  augment(pixels, height, width, options, RandomStream(1, "augment").fork(example), out);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(datasets_augment)

BOOST_AUTO_TEST_CASE(with_all_ranges_zero_nothing_moves) {
  const auto pixels = blob(5, 12);
  const auto out = moved(pixels, {0, 0, 0}, 0);
  for (std::size_t i = 0; i < out.size(); ++i) BOOST_TEST(out[i] == static_cast<float>(pixels[i]));
}

BOOST_AUTO_TEST_CASE(values_stay_in_range_and_ink_is_nearly_kept) {
  const auto pixels = blob(8, 10);
  const double ink = std::accumulate(pixels.begin(), pixels.end(), 0.0);
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto out = moved(pixels, {2, 180, 0}, i);
    BOOST_TEST(*std::min_element(out.begin(), out.end()) >= 0.f);
    BOOST_TEST(*std::max_element(out.begin(), out.end()) <= 255.f);
    BOOST_TEST(std::abs(std::accumulate(out.begin(), out.end(), 0.0) / ink - 1) < 0.02);
  }
}

// Shift, rotation and scale, each alone: where the ink goes shows what was done.
BOOST_AUTO_TEST_CASE(each_option_moves_the_ink_within_its_range) {
  const Centre middle{(width - 1) / 2.0, (height - 1) / 2.0};
  const auto pixels = blob(middle.x + 4, middle.y);  // to the right of the centre
  double most_shift = 0, most_angle = 0, most_scale = 0, mean_angle = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const Centre shifted =
        centre_of(moved(pixels, {.max_shift = 2, .max_rotation = 0, .max_scale = 0}, i));
    most_shift =
        std::max({most_shift, std::abs(shifted.x - middle.x - 4), std::abs(shifted.y - middle.y)});

    const Centre turned =
        centre_of(moved(pixels, {.max_shift = 0, .max_rotation = 30, .max_scale = 0}, i));
    const double angle =
        std::atan2(turned.y - middle.y, turned.x - middle.x) * 180 / std::acos(-1.0);
    BOOST_TEST(std::abs(std::hypot(turned.x - middle.x, turned.y - middle.y) - 4) < 0.1);
    most_angle = std::max(most_angle, std::abs(angle));
    mean_angle += angle / 200;

    const Centre scaled =
        centre_of(moved(pixels, {.max_shift = 0, .max_rotation = 0, .max_scale = 0.2}, i));
    BOOST_TEST(std::abs(scaled.y - middle.y) < 0.01);
    most_scale = std::max(most_scale, std::abs((scaled.x - middle.x) / 4 - 1));
  }
  BOOST_TEST((most_shift > 1.8 && most_shift < 2.05), most_shift);
  BOOST_TEST((most_angle > 27 && most_angle < 31), most_angle);
  BOOST_TEST(std::abs(mean_angle) < 5);
  BOOST_TEST((most_scale > 0.17 && most_scale < 0.22), most_scale);
}

BOOST_AUTO_TEST_CASE(what_comes_in_from_outside_is_background) {
  const std::vector<std::uint8_t> white(height * width, 255);
  const auto out = moved(white, {.max_shift = 1e5, .max_rotation = 0, .max_scale = 0}, 1);
  BOOST_TEST(*std::max_element(out.begin(), out.end()) == 0.f);
}

// Half of the images, and nothing else happens to them.
BOOST_AUTO_TEST_CASE(a_flip_exchanges_left_and_right) {
  const auto pixels = blob(3, 12);
  int flipped = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    const auto out =
        moved(pixels, {.max_shift = 0, .max_rotation = 0, .max_scale = 0, .flip = true}, i);
    const bool is_flipped = out[12 * width + 3] != static_cast<float>(pixels[12 * width + 3]);
    flipped += is_flipped;
    for (Index y = 0; y < height; ++y)
      for (Index x = 0; x < width; ++x) {
        const Index from = is_flipped ? width - 1 - x : x;
        BOOST_TEST_REQUIRE(out[static_cast<std::size_t>(y * width + x)] ==
                           static_cast<float>(pixels[static_cast<std::size_t>(y * width + from)]));
      }
  }
  BOOST_TEST((flipped > 150 && flipped < 250), flipped);
}

// No value arises that was not there, and every shift does.
BOOST_AUTO_TEST_CASE(shifts_by_whole_pixels_blur_nothing) {
  std::vector<std::uint8_t> pixels(height * width);
  pixels[10 * width + 8] = 200;
  std::set<std::pair<Index, Index>> places;
  for (std::uint64_t i = 0; i < 600; ++i) {
    const auto out = moved(
        pixels, {.max_shift = 2, .max_rotation = 0, .max_scale = 0, .whole_pixels = true}, i);
    const auto at = std::find(out.begin(), out.end(), 200.f) - out.begin();
    BOOST_TEST_REQUIRE(std::accumulate(out.begin(), out.end(), 0.f) == 200.f);
    places.emplace(at / width - 10, at % width - 8);
  }
  BOOST_TEST(places.size() == 25u);
  BOOST_TEST((*places.begin() == std::pair<Index, Index>(-2, -2)));
  BOOST_TEST((*places.rbegin() == std::pair<Index, Index>(2, 2)));
}

BOOST_AUTO_TEST_CASE(all_channels_are_moved_alike) {
  const std::vector<std::vector<std::uint8_t>> channels{blob(5, 12), blob(11, 4), blob(8, 10)};
  std::vector<std::uint8_t> colour;
  for (std::size_t i = 0; i < channels[0].size(); ++i)
    for (const auto& channel : channels) colour.push_back(channel[i]);
  const AugmentOptions options{.flip = true};
  for (std::uint64_t i = 0; i < 10; ++i) {
    const auto out = moved(colour, options, i);
    for (std::size_t c = 0; c < 3; ++c) {
      const auto alone = moved(channels[c], options, i);
      for (std::size_t k = 0; k < alone.size(); ++k) BOOST_TEST(out[3 * k + c] == alone[k]);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
