#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <numeric>

namespace xgrad {
namespace {

// SplitMix64's finaliser: spreads every input bit over the whole word.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter) {
  std::array<std::uint32_t, 4> c{static_cast<std::uint32_t>(counter),
                                 static_cast<std::uint32_t>(counter >> 32), 0, 0};
  auto k0 = static_cast<std::uint32_t>(key);
  auto k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

struct Streams {
  std::uint64_t seed;
  RandomStreams by_purpose;
  explicit Streams(std::uint64_t s)
      : seed(s), by_purpose{RandomStream(s, "initialization"), RandomStream(s, "shuffling"),
                            RandomStream(s, "dropout"),        RandomStream(s, "augmentation"),
                            RandomStream(s, "sampling"),       RandomStream(s, "synthesis")} {}
};

Streams& streams() {
  static Streams instance(0);
  return instance;
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::string_view name) : key_(mix(seed)) {
  for (const char c : name) key_ = mix(key_ ^ static_cast<unsigned char>(c));
}

RandomStream RandomStream::fork(std::uint64_t i) const {
  RandomStream child = *this;
  child.key_ = mix(key_ ^ mix(i));
  child.position_ = 0;
  return child;
}

std::array<std::uint32_t, 4> RandomStream::block(std::uint64_t block) const {
  return philox(key_, block);
}

std::uint64_t RandomStream::reserve_blocks(std::uint64_t blocks) {
  const std::uint64_t first = (position_ + 3) / 4;
  position_ = (first + blocks) * 4;
  return first;
}

std::uint32_t RandomStream::next() {
  const auto values = philox(key_, position_ / 4);
  return values[position_++ % 4];
}

double RandomStream::uniform() {
  const std::uint64_t high = next() >> 5;  // 27 bits
  const std::uint64_t low = next() >> 6;   // 26 bits
  return static_cast<double>(high << 26 | low) * 0x1p-53;
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

Index RandomStream::below(Index n) {
  if (n < 1) throw ValueError(fmt::format("RandomStream::below({}): needs at least 1", n));
  const auto range = static_cast<std::uint64_t>(n);
  const std::uint64_t unbiased = ~std::uint64_t{0} - ~std::uint64_t{0} % range;
  for (;;) {
    const std::uint64_t high = next();
    const std::uint64_t draw = high << 32 | next();
    if (draw < unbiased) return static_cast<Index>(draw % range);
  }
}

std::vector<Index> RandomStream::permutation(Index n) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = n - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(below(i + 1))]);
  return order;
}

void manual_seed(std::uint64_t seed) { streams() = Streams(seed); }
std::uint64_t initial_seed() { return streams().seed; }

RandomStream& random_stream(RandomPurpose purpose) {
  return streams().by_purpose.at(static_cast<std::size_t>(purpose));
}

RandomStreams random_streams() { return streams().by_purpose; }
void set_random_streams(const RandomStreams& all) { streams().by_purpose = all; }

}  // namespace xgrad
