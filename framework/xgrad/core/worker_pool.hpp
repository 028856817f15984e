#pragma once
// The threads behind parallel_for. Private.
//
// They are ours and not an OpenMP team because of what happens on a machine that does something
// else as well: an OpenMP region ends when every thread of the team has arrived, so one that the
// system has put aside holds up all others, which spin meanwhile. Measured with two other processes
// on two cores: a training step was twenty times slower on two threads than on one. Here the work
// is done when all chunks are; a thread that comes late finds nothing left to do, and nobody waits
// for it.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>

#include <xgrad/core/shape.hpp>

namespace xgrad::detail {

class WorkerPool {
 public:
  /// The most threads that take part in one job, the caller included.
  static constexpr int max_team = 128;

  using Run = void (*)(void* context, Index chunk);

  /// Runs all chunks 0..chunks-1 on the caller and up to team - 1 workers, each chunk once; returns
  /// when all have ended, and throws the first exception that one threw. Thread `k` of the team
  /// begins with the k-th part of the chunks, which it had the last time too and may have in its
  /// cache; when it is through it helps the others. Returns false, having done nothing, if the
  /// workers are busy with another thread's job.
  bool run(int team, Index chunks, Run run_chunk, void* context);

  /// Never destroyed: its threads sleep until the process ends.
  static WorkerPool& instance();

 private:
  struct Job;
  void work(int slot);
  void do_chunks(std::unique_lock<std::mutex>& lock, Job& job, int slot);

  std::mutex mutex_;
  std::condition_variable work_there_, work_done_;
  std::atomic<std::uint64_t> jobs_begun_{0};  // what a worker watches before it goes to sleep
  Job* job_ = nullptr;                        // that has chunks to hand out
  int workers_ = 0;
};

}  // namespace xgrad::detail
