#include <xgrad/core/worker_pool.hpp>

#include <omp.h>

#include <algorithm>
#include <array>
#include <thread>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace xgrad::detail {
namespace {

void pause_briefly() {
#if defined(__SSE2__)
  _mm_pause();
#endif
}

// Kernels follow each other within microseconds, and to wake a thread takes fifty: so threads look
// for what they wait for this many times, about 40 microseconds, before they go to sleep.
constexpr int looks = 1000;

template <class Condition>
bool spin_until(const Condition& condition) {
  for (int i = 0; i < looks; ++i) {
    if (condition()) return true;
    pause_briefly();
  }
  return false;
}

}  // namespace

// Lives on the caller's stack. Everything but `left` belongs to the pool's mutex.
struct WorkerPool::Job {
  struct Part {
    Index next, end;
  };
  Run run;
  void* context;
  int team;
  std::array<Part, max_team> parts;
  std::atomic<Index> left;  // chunks that have not ended
  std::exception_ptr error;

  // The next chunk for a thread: of its own part, or else the last one of somebody else's. -1:
  // none.
  Index take(int slot) {
    for (int i = 0; i < team; ++i) {
      Part& part = parts[static_cast<std::size_t>((slot + i) % team)];
      if (part.next < part.end) return i == 0 ? part.next++ : --part.end;
    }
    return -1;
  }
};

WorkerPool& WorkerPool::instance() {
  static WorkerPool* const pool = new WorkerPool;
  return *pool;
}

// Takes chunks until none is left to hand out. Holds the lock at the begin and the end.
void WorkerPool::do_chunks(std::unique_lock<std::mutex>& lock, Job& job, int slot) {
  for (Index chunk = job.take(slot); chunk >= 0;) {
    lock.unlock();
    std::exception_ptr error;
    try {
      job.run(job.context, chunk);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error && !job.error) job.error = error;
    chunk = job.take(slot);
    // The caller leaves, and the job is gone, once nothing is left: so this comes last.
    if (job.left.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      work_done_.notify_all();
      return;
    }
  }
  if (job_ == &job) job_ = nullptr;
}

void WorkerPool::work(int slot) {
  omp_set_num_threads(1);  // BLAS and oneDNN, called from a chunk, stay on this thread
  std::uint64_t seen = 0;
  for (;;) {
    spin_until([&] { return jobs_begun_.load(std::memory_order_acquire) != seen; });
    std::unique_lock lock(mutex_);
    work_there_.wait(lock, [&] { return jobs_begun_.load(std::memory_order_relaxed) != seen; });
    seen = jobs_begun_.load(std::memory_order_relaxed);
    if (job_ != nullptr && slot < job_->team) do_chunks(lock, *job_, slot);
  }
}

bool WorkerPool::run(int team, Index chunks, Run run_chunk, void* context) {
  Job job{.run = run_chunk,
          .context = context,
          .team = std::min(team, max_team),
          .parts = {},
          .left = chunks,
          .error = {}};
  for (Index k = 0; k < job.team; ++k)
    job.parts[static_cast<std::size_t>(k)] = {k * chunks / job.team, (k + 1) * chunks / job.team};
  {
    std::unique_lock lock(mutex_);
    if (job_ != nullptr) return false;
    for (; workers_ < job.team - 1; ++workers_)
      std::thread([this, slot = workers_ + 1] { work(slot); }).detach();
    job_ = &job;
    jobs_begun_.fetch_add(1, std::memory_order_release);
  }
  work_there_.notify_all();
  {
    std::unique_lock lock(mutex_);
    do_chunks(lock, job, 0);
  }
  const auto all_done = [&] { return job.left.load(std::memory_order_acquire) == 0; };
  if (!spin_until(all_done)) {
    std::unique_lock lock(mutex_);
    work_done_.wait(lock, all_done);
  }
  // The worker that ended the last chunk may still hold the lock to say so.
  const std::lock_guard lock(mutex_);
  if (job_ == &job) job_ = nullptr;
  if (job.error) std::rethrow_exception(job.error);
  return true;
}

}  // namespace xgrad::detail
