#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/worker_pool.hpp>

#include <fmt/format.h>
#include <omp.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <atomic>
#include <utility>

namespace xgrad {
namespace {

std::atomic<int> threads{0};  // 0: not set yet
std::atomic<bool> flush{true};

// Sets the CPU's flush-to-zero and denormals-are-zero bits of this thread, and restores them.
class FlushDenormals {
 public:
#if defined(__SSE2__)
  explicit FlushDenormals(bool on) : before_(_mm_getcsr()) {
    constexpr unsigned ftz_daz = 0x8040;
    _mm_setcsr(on ? before_ | ftz_daz : before_ & ~ftz_daz);
  }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#else
  explicit FlushDenormals(bool) {}
#endif
};

// BLAS and oneDNN ask OpenMP how many threads they may use.
class LibrariesSingleThreaded {
 public:
  LibrariesSingleThreaded() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~LibrariesSingleThreaded() { omp_set_num_threads(before_); }

 private:
  int before_;
};

}  // namespace

void set_num_threads(int n) {
  if (n < 1) throw ValueError(fmt::format("set_num_threads({}): use at least 1 thread", n));
  threads = n;
}

int num_threads() {
  if (threads == 0) {
    int unset = 0;
    threads.compare_exchange_strong(unset, omp_get_max_threads());
  }
  return threads;
}

void set_flush_denormals(bool on) { flush = on; }
bool flush_denormals() { return flush; }

void detail::run_chunks(Index chunks, void (*run)(void*, Index), void* context) {
  // Inside of a chunk everything runs on its thread.
  thread_local bool inside = false;
  struct Chunks {
    void (*run)(void*, Index);
    void* context;
    bool flushing;
  } all{run, context, flush};
  const auto run_one = [](void* opaque, Index chunk) {
    const auto& c = *static_cast<Chunks*>(opaque);
    const FlushDenormals denormals(c.flushing);
    const bool before = std::exchange(inside, true);
    try {
      c.run(c.context, chunk);
    } catch (...) {
      inside = before;
      throw;
    }
    inside = before;
  };
  const LibrariesSingleThreaded alone;
  const int team = static_cast<int>(std::min<Index>(num_threads(), chunks));
  if (team > 1 && !inside && WorkerPool::instance().run(team, chunks, run_one, &all)) return;
  const FlushDenormals denormals(all.flushing);
  for (Index i = 0; i < chunks; ++i) run(context, i);
}

}  // namespace xgrad
