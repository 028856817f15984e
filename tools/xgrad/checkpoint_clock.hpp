#pragma once

#include <chrono>

#include <xgrad/core/shape.hpp>

#include "tools/xgrad/ranks.hpp"

namespace xgrad::command {

/// When it is time to keep a checkpoint: every so many steps or, with 0, every minute. The ranks of
/// a training ask together, and rank 0's clock decides.
class CheckpointClock {
 public:
  explicit CheckpointClock(Index every) : every_(every) {}

  bool due(Index step) const {
    if (every_ > 0) return step % every_ == 0;
    return ranks().on_first([&] { return Clock::now() - last_ >= std::chrono::minutes(1); });
  }
  void saved() { last_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;
  Index every_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace xgrad::command
