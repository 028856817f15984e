#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>

#include <fmt/format.h>
#include <omp.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <atomic>
#include <exception>

#if defined(__SANITIZE_THREAD__)
extern "C" {
void __tsan_acquire(void*);
void __tsan_release(void*);
}
#endif

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

// The thread sanitizer does not see libgomp's fork and join; these say what they order.
void happens_before([[maybe_unused]] void* point) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(point);
#endif
}
void happens_after([[maybe_unused]] void* point) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(point);
#endif
}

// BLAS and oneDNN ask OpenMP how many threads they may use; outside a region of several threads the
// answer must be one as well.
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
  const bool flushing = flush;
  const int team = static_cast<int>(std::min<Index>(num_threads(), chunks));
  if (team == 1 || omp_in_parallel()) {
    const LibrariesSingleThreaded alone;
    const FlushDenormals denormals(flushing);
    for (Index i = 0; i < chunks; ++i) run(context, i);
    return;
  }
  std::exception_ptr error;
  happens_before(&error);
#pragma omp parallel num_threads(team) default(shared)
  {
    happens_after(&error);
    const FlushDenormals denormals(flushing);
#pragma omp for schedule(static) nowait
    for (Index i = 0; i < chunks; ++i) {
      try {
        run(context, i);
      } catch (...) {
#pragma omp critical(xgrad_parallel_error)
        if (!error) error = std::current_exception();
      }
    }
    happens_before(context);
  }
  happens_after(context);
  if (error) std::rethrow_exception(error);
}

}  // namespace xgrad
