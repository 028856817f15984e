#pragma once

#include <ctime>

namespace xgrad::command {

/// What bench measures with: the time on the wall, or on request that which this process spends on
/// all its threads, which other programs on a busy machine disturb less. The latter makes sense for
/// one thread.
class BenchClock {
 public:
  static void use_cpu_time(bool on) { id_ = on ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC; }
  /// Seconds since some fixed moment.
  static double now() {
    timespec time{};
    clock_gettime(id_, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

 private:
  inline static clockid_t id_ = CLOCK_MONOTONIC;
};

}  // namespace xgrad::command
