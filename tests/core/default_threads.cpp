// A program whose first call is a kernel: it runs on as many threads as OpenMP has, unless told
// else.
#include <chrono>
#include <cstdio>
#include <mutex>
#include <set>
#include <thread>

#include <omp.h>

#include <xgrad/core/parallel.hpp>

int main() {
  const int expected = omp_get_max_threads();
  std::set<std::thread::id> seen;
  std::mutex mutex;
  // A chunk waits for the others, so that no thread can have two.
  xgrad::parallel_for(expected, 1, [&](xgrad::Index, xgrad::Index) {
    const auto all = [&] {
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
      return static_cast<int>(seen.size()) == expected;
    };
    for (int i = 0; i < 1000 && !all(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  std::printf("threads: %d, used: %zu, of OpenMP: %d\n", xgrad::num_threads(), seen.size(),
              expected);
  return xgrad::num_threads() == expected && static_cast<int>(seen.size()) == expected ? 0 : 1;
}
