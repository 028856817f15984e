#include <datasets/shard.hpp>

#include <fmt/format.h>

#include <xgrad/core/error.hpp>

namespace xgrad::datasets {

void check_rank(const char* who, Index rank, Index ranks, Index batch_size) {
  if (ranks < 1 || rank < 0 || rank >= ranks)
    throw ValueError(fmt::format("{}: there is no rank {} of {}: count from 0", who, rank, ranks));
  if (batch_size < ranks)
    throw ValueError(fmt::format(
        "{}: batch_size {} leaves nothing for some of {} ranks: use a larger one, which "
        "is that of all ranks together",
        who, batch_size, ranks));
}

}  // namespace xgrad::datasets
