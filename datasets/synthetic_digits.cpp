#include <datasets/synthetic_digits.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>

namespace xgrad::datasets {
namespace {

constexpr Index side = 28;

struct Point {
  double x = 0, y = 0;
};

// A run of points joined by straight lines; glyphs live in the unit square, y downwards.
using Stroke = std::vector<Point>;
using Glyph = std::vector<Stroke>;

// Part of an ellipse from one angle to another, in degrees: 0 is right, 90 is down.
Stroke arc(Point centre, double rx, double ry, double from, double to) {
  const int steps = static_cast<int>(std::ceil(std::abs(to - from) / 20));
  Stroke stroke;
  for (int i = 0; i <= steps; ++i) {
    const double t = (from + (to - from) * i / steps) * std::numbers::pi / 180;
    stroke.push_back({centre.x + rx * std::cos(t), centre.y + ry * std::sin(t)});
  }
  return stroke;
}

Stroke join(Stroke first, const Stroke& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// The hands in which each digit is written.
std::array<std::vector<Glyph>, 10> make_alphabet() {
  const Stroke two = join(arc({0.5, 0.29}, 0.3, 0.25, 195, 400), {{0.18, 0.95}});
  const Stroke belly = arc({0.46, 0.68}, 0.32, 0.27, 235, 505);
  const Stroke six = arc({0.75, 0.68}, 0.53, 0.64, 262, 180);
  const Stroke nine_loop = arc({0.48, 0.3}, 0.28, 0.25, 0, 360);
  const Stroke seven{{0.16, 0.07}, {0.84, 0.07}, {0.42, 0.96}};
  return {{
      // 0
      {{arc({0.5, 0.5}, 0.33, 0.46, -90, 270)}, {arc({0.5, 0.5}, 0.26, 0.46, -70, 275)}},
      // 1
      {{{{0.5, 0.04}, {0.5, 0.96}}},
       {{{0.3, 0.24}, {0.52, 0.04}, {0.52, 0.96}}},
       {{{0.3, 0.24}, {0.52, 0.04}, {0.52, 0.96}}, {{0.28, 0.96}, {0.76, 0.96}}}},
      // 2
      {{join(two, {{0.84, 0.95}})},
       {join(two, arc({0.27, 0.87}, 0.1, 0.08, 150, 300)),
        {{0.3, 0.81}, {0.6, 0.95}, {0.86, 0.9}}}},
      // 3
      {{join(arc({0.46, 0.27}, 0.28, 0.22, 200, 450), arc({0.46, 0.72}, 0.32, 0.24, 270, 515))},
       {join({{0.2, 0.06}, {0.76, 0.06}, {0.46, 0.42}}, arc({0.46, 0.69}, 0.32, 0.27, 270, 515))}},
      // 4
      {{{{0.62, 0.04}, {0.14, 0.66}, {0.9, 0.66}}, {{0.64, 0.04}, {0.64, 0.97}}},
       {{{0.24, 0.06}, {0.2, 0.54}, {0.86, 0.54}}, {{0.72, 0.06}, {0.66, 0.97}}}},
      // 5
      {{{{0.8, 0.06}, {0.27, 0.06}}, join({{0.27, 0.06}, {0.25, 0.46}}, belly)},
       {join(join(arc({0.66, 0.2}, 0.2, 0.16, 300, 240), {{0.32, 0.1}, {0.27, 0.46}}), belly)}},
      // 6
      {{six, arc({0.5, 0.7}, 0.28, 0.25, 180, 540)},
       {join({{0.62, 0.04}, {0.36, 0.36}}, arc({0.5, 0.7}, 0.28, 0.25, 190, 520))}},
      // 7
      {{seven},
       {seven, {{0.32, 0.5}, {0.76, 0.5}}},
       {join({{0.15, 0.2}, {0.2, 0.08}, {0.84, 0.08}}, {{0.56, 0.48}, {0.46, 0.96}})}},
      // 8
      {{arc({0.5, 0.27}, 0.25, 0.22, 90, 450), arc({0.5, 0.73}, 0.31, 0.24, -90, 270)},
       {join(arc({0.5, 0.27}, 0.26, 0.23, -30, -230), arc({0.5, 0.73}, 0.3, 0.23, -60, 200)),
        {{0.22, 0.65}, {0.72, 0.15}}}},
      // 9
      {{nine_loop, {{0.76, 0.28}, {0.74, 0.5}, {0.62, 0.97}}},
       {nine_loop, join({{0.76, 0.3}}, arc({0.3, 0.44}, 0.46, 0.5, 0, 85))}},
  }};
}

// How one image is written: bend the glyph, then map the unit square onto pixels.
class Hand {
 public:
  explicit Hand(RandomStream& random) {
    const double turn = random.normal() * 0.17;
    const double shear = random.normal() * 0.18;
    const double height = random.uniform(15.5, 21.5);
    const double width = height * random.uniform(0.55, 0.95);
    xx_ = width * std::cos(turn);
    xy_ = -height * (std::sin(turn) + shear);
    yx_ = width * std::sin(turn);
    yy_ = height * std::cos(turn);
    shift_ = {13.5 + random.normal() * 1.2, 13.5 + random.normal() * 1.2};
    for (Point& wave : waves_) wave = {random.uniform(3, 8), random.uniform(0, 6.28)};
    bend_ = {random.normal() * 0.06, random.normal() * 0.06};
  }

  Point operator()(Point p) const {
    const double x = p.x - 0.5 + bend_.x * std::sin(waves_[0].x * p.y + waves_[0].y) +
                     bend_.y * std::sin(waves_[1].x * p.x + waves_[1].y);
    const double y = p.y - 0.5 + bend_.y * std::sin(waves_[2].x * p.x + waves_[2].y);
    return {shift_.x + xx_ * x + xy_ * y, shift_.y + yx_ * x + yy_ * y};
  }

 private:
  double xx_ = 0, xy_ = 0, yx_ = 0, yy_ = 0;
  Point shift_{}, bend_{};
  std::array<Point, 3> waves_{};  // frequency and phase
};

double distance(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length2 = dx * dx + dy * dy;
  const double along = length2 == 0 ? 0 : ((p.x - a.x) * dx + (p.y - a.y) * dy) / length2;
  const double t = std::clamp(along, 0.0, 1.0);
  const double ex = p.x - a.x - t * dx, ey = p.y - a.y - t * dy;
  return std::sqrt(ex * ex + ey * ey);
}

// Ink per pixel, 0 to 1.
class Canvas {
 public:
  // A line by a round pen; edges fade over one pixel.
  void draw(Point a, Point b, double radius, double ink) {
    each_pixel(a, b, radius, [&](double& pixel, double d) {
      pixel = std::max(pixel, ink * std::clamp(radius + 0.5 - d, 0.0, 1.0));
    });
  }
  void erase(Point at, double radius) {
    each_pixel(at, at, radius,
               [&](double& pixel, double d) { pixel *= std::clamp(d - radius + 0.5, 0.0, 1.0); });
  }
  const std::array<double, side * side>& ink() const { return ink_; }

 private:
  template <class F>
  void each_pixel(Point a, Point b, double radius, F f) {
    const auto first = [&](double v) { return std::max<Index>(0, std::lround(v - radius - 1)); };
    const auto last = [&](double v) {
      return std::min<Index>(side - 1, std::lround(v + radius + 1));
    };
    for (Index y = first(std::min(a.y, b.y)); y <= last(std::max(a.y, b.y)); ++y)
      for (Index x = first(std::min(a.x, b.x)); x <= last(std::max(a.x, b.x)); ++x)
        f(ink_[static_cast<std::size_t>(y * side + x)],
          distance({static_cast<double>(x), static_cast<double>(y)}, a, b));
  }

  std::array<double, side * side> ink_{};
};

Canvas write(const Glyph& glyph, RandomStream& random) {
  const Hand hand(random);
  const double radius = random.uniform(0.5, 1.6);
  const double ink = random.uniform(0.5, 1.0);
  Canvas canvas;
  for (const Stroke& stroke : glyph)
    for (std::size_t i = 1; i < stroke.size(); ++i)
      canvas.draw(hand(stroke[i - 1]), hand(stroke[i]), radius, ink);
  const auto somewhere = [&] { return Point{random.uniform(0, side), random.uniform(0, side)}; };
  if (random.uniform() < 0.4) {
    const Point gap = somewhere();
    canvas.erase(gap, random.uniform(1.5, 4.5));
  }
  if (random.uniform() < 0.2) {
    const Point from = somewhere();
    const Point to{from.x + random.uniform(-7, 7), from.y + random.uniform(-7, 7)};
    canvas.draw(from, to, radius, ink);
  }
  return canvas;
}

// Adds noise that is nearly normal, the sum of a random word's four bytes, and rounds to bytes.
void develop(const Canvas& canvas, RandomStream& random, std::uint8_t* pixels) {
  constexpr double deviation_of_sum = 147.8;  // sqrt(4 * (256^2 - 1) / 12)
  const double grain = random.uniform(4, 30) / deviation_of_sum;
  const std::uint64_t first = random.reserve_blocks(side * side / 4);
  for (std::size_t i = 0; i < side * side; i += 4) {
    const auto words = random.block(first + i / 4);
    for (std::size_t k = 0; k < 4; ++k) {
      const std::uint32_t w = words[k];
      const auto sum = static_cast<int>((w & 255) + (w >> 8 & 255) + (w >> 16 & 255) + (w >> 24));
      const double value = canvas.ink()[i + k] * 255 + grain * (sum - 510);
      pixels[i + k] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0) + 0.5);
    }
  }
}

ImageSet draw(Index count, const RandomStream& stream) {
  if (count < 1)
    throw ValueError(fmt::format("synthetic_digits: count {} must be at least 1", count));
  static const auto alphabet = make_alphabet();
  ImageSet set{count, side, side, {}, {}, 10};
  set.pixels.resize(static_cast<std::size_t>(count * side * side));
  set.labels.resize(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    RandomStream random = stream.fork(static_cast<std::uint64_t>(i));
    const auto digit = static_cast<std::size_t>(random.below(10));
    const auto& hands = alphabet[digit];
    const auto hand = static_cast<std::size_t>(random.below(static_cast<Index>(hands.size())));
    develop(write(hands[hand], random), random, set.pixels.data() + i * side * side);
    set.labels[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(digit);
  }
  return set;
}

}  // namespace

ImageSet synthetic_digits(Index count, std::uint64_t seed) {
  return draw(count, RandomStream(seed, synthetic_name));
}

Mnist synthetic_mnist(std::uint64_t seed, Index train_count, Index test_count) {
  return {synthetic_name, fmt::format("built-in generator, seed {}", seed),
          synthetic_digits(train_count, seed),
          draw(test_count, RandomStream(seed, "synthetic digits, test")),
          class_names(synthetic_name)};
}

}  // namespace xgrad::datasets
