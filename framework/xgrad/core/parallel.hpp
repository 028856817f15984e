#pragma once
// The only door to threads for kernels. Work is cut into chunks whose size the caller derives from
// the problem, never from the number of threads; a chunk runs on one thread; partial results are
// combined by the caller in chunk order. So results do not depend on the number of threads.

#include <algorithm>

#include <xgrad/core/shape.hpp>

namespace xgrad {

/// Threads that kernels may use, at least 1. The default is that of OpenMP: the cores this process
/// may run on, or OMP_NUM_THREADS. Throws ValueError below 1.
void set_num_threads(int n);
int num_threads();

/// Kernels flush denormal numbers to zero, since those are up to a hundred times slower to compute
/// with. Gradient checks switch this off while they run.
void set_flush_denormals(bool on);
bool flush_denormals();

/// While one lives, this thread computes as kernels do: denormals are flushed, and BLAS and oneDNN
/// run on it alone. parallel_for sees to that itself; one around many calls saves setting it for
/// each.
class KernelScope {
 public:
  KernelScope();
  ~KernelScope();
  KernelScope(const KernelScope&) = delete;
  KernelScope& operator=(const KernelScope&) = delete;

 private:
  int library_threads_;
  unsigned control_ = 0;  // the CPU's register of floating-point modes
  bool changed_ = false;
};

namespace detail {
void run_chunks(Index chunks, void (*run)(void* context, Index chunk), void* context);
}

/// Calls body(begin, end) for the consecutive ranges of `chunk` indices that make up 0..n-1, each
/// exactly once, in any order, on any thread; the chunk's number is begin / chunk. Nested calls run
/// on the calling thread. BLAS and oneDNN called from the body do not start threads of their own.
/// The first exception that a body throws is thrown again here after all chunks have ended.
template <class Body>
void parallel_for(Index n, Index chunk, Body&& body) {
  if (n <= 0) return;
  struct Context {
    Index n, chunk;
    Body& body;
  } context{n, chunk, body};
  detail::run_chunks((n + chunk - 1) / chunk,
                     [](void* opaque, Index i) {
                       auto& c = *static_cast<Context*>(opaque);
                       c.body(i * c.chunk, std::min((i + 1) * c.chunk, c.n));
                     },
                     &context);
}

}  // namespace xgrad
