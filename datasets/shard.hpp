#pragma once
// Parts of a batch for processes that train together.

#include <xgrad/core/shape.hpp>

namespace xgrad::datasets {

/// Items begin..end-1.
struct Shard {
  Index begin = 0, end = 0;
};

/// The part of n items that process `rank` of `ranks` gets: the parts follow each other, and differ
/// in size by one at most.
inline Shard shard_of(Index n, Index rank, Index ranks) {
  return {n * rank / ranks, n * (rank + 1) / ranks};
}

/// The size of the largest part.
inline Index largest_shard(Index n, Index ranks) { return (n + ranks - 1) / ranks; }

/// Throws ValueError, naming `who`, unless 0 <= rank < ranks <= batch_size.
void check_rank(const char* who, Index rank, Index ranks, Index batch_size);

}  // namespace xgrad::datasets
