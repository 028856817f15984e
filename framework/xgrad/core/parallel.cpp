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

namespace {

// What BLAS and oneDNN are set to. num_threads() must have asked OpenMP before that is told that
// there is one.
int library_threads() {
  num_threads();
  return omp_get_max_threads();
}

}  // namespace

// Both are set only where they differ: around one small kernel the setting costs as much as the
// kernel.
KernelScope::KernelScope() : library_threads_(library_threads()) {
  if (library_threads_ != 1) omp_set_num_threads(1);
#if defined(__SSE2__)
  constexpr unsigned ftz_daz = 0x8040;
  control_ = _mm_getcsr();
  const unsigned wanted = flush_denormals() ? control_ | ftz_daz : control_ & ~ftz_daz;
  changed_ = wanted != control_;
  if (changed_) _mm_setcsr(wanted);
#endif
}

KernelScope::~KernelScope() {
#if defined(__SSE2__)
  if (changed_) _mm_setcsr(control_);
#endif
  if (library_threads_ != 1) omp_set_num_threads(library_threads_);
}

void detail::run_chunks(Index chunks, void (*run)(void*, Index), void* context) {
  // Inside of a chunk everything runs on its thread.
  thread_local bool inside = false;
  const KernelScope scope;
  const int team = static_cast<int>(std::min<Index>(num_threads(), chunks));
  if (team > 1 && !inside) {
    struct Chunks {
      void (*run)(void*, Index);
      void* context;
    } all{run, context};
    const auto run_one = [](void* opaque, Index chunk) {
      const auto& c = *static_cast<Chunks*>(opaque);
      const KernelScope worker;
      const bool before = std::exchange(inside, true);
      try {
        c.run(c.context, chunk);
      } catch (...) {
        inside = before;
        throw;
      }
      inside = before;
    };
    if (WorkerPool::instance().run(team, chunks, run_one, &all)) return;
  }
  for (Index i = 0; i < chunks; ++i) run(context, i);
}

}  // namespace xgrad
