#pragma once
// Counter-based random numbers: number k of a stream is a function of (seed, stream name, k).
// Streams do not disturb each other, a stream's position is one integer, and a kernel may draw any
// range of numbers on any thread. Philox4x32-10: Salmon et al., "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <xgrad/core/shape.hpp>

namespace xgrad {

/// What random numbers are drawn for. Each purpose has a stream of its own, so that one more draw
/// for one of them never shifts another.
enum class RandomPurpose { initialization, shuffling, dropout, augmentation, sampling, synthesis };
inline constexpr std::size_t random_purposes = 6;

class RandomStream {
 public:
  /// Streams of different seeds or names are independent.
  RandomStream(std::uint64_t seed, std::string_view name);

  /// A stream of its own for item `i` (an example, an epoch), independent of this one's position.
  RandomStream fork(std::uint64_t i) const;

  /// Uniform over all 32-bit values.
  std::uint32_t next();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Standard normal (Box and Muller).
  double normal();
  /// Uniform in 0..n-1, without bias. Throws ValueError for n < 1.
  Index below(Index n);
  /// A uniformly random order of 0..n-1 (Fisher and Yates).
  std::vector<Index> permutation(Index n);

  /// The four 32-bit values of block `block`, whatever the position.
  std::array<std::uint32_t, 4> block(std::uint64_t block) const;
  /// What block() depends on besides the block's number, for kernels that compute many at a time.
  std::uint64_t key() const { return key_; }
  /// Moves the position over `blocks` whole blocks, for a kernel to draw with block(), and returns
  /// the first of them.
  std::uint64_t reserve_blocks(std::uint64_t blocks);

  /// The number of 32-bit values drawn: all there is to save and restore.
  std::uint64_t position() const { return position_; }
  void set_position(std::uint64_t position) { position_ = position; }

 private:
  std::uint64_t key_;
  std::uint64_t position_ = 0;
};

/// Restarts all of the library's streams from a seed (0 at start-up).
void manual_seed(std::uint64_t seed);
std::uint64_t initial_seed();

/// The library's stream for a purpose. Not for use by several threads at once.
RandomStream& random_stream(RandomPurpose purpose);

/// All of the library's streams as they are now, by purpose; and all put back to that.
using RandomStreams = std::array<RandomStream, random_purposes>;
RandomStreams random_streams();
void set_random_streams(const RandomStreams& streams);

}  // namespace xgrad
