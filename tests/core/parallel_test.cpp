#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include <xgrad/core/parallel.hpp>

using namespace xgrad;

namespace {

class WithThreads {
 public:
  explicit WithThreads(int n) : before_(num_threads()) { set_num_threads(n); }
  ~WithThreads() { set_num_threads(before_); }

 private:
  int before_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(every_index_is_visited_once) {
  for (const int threads : {1, 2, 3, 5}) {
    const WithThreads with(threads);
    for (const Index n : {0, 1, 7, 64, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
      std::atomic<int> calls = 0;
      std::atomic<bool> regular = true;  // Boost.Test's macros are for one thread
      parallel_for(n, 10, [&](Index begin, Index end) {
        ++calls;
        if (begin % 10 != 0 || end - begin > 10) regular = false;
        for (Index i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
      });
      BOOST_TEST(calls == (n + 9) / 10);
      BOOST_TEST(regular);
      for (const auto& count : visits) BOOST_TEST(count == 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(nested_loops_run_on_the_calling_thread) {
  const WithThreads with(3);
  std::atomic<int> total = 0;
  parallel_for(6, 1, [&](Index, Index) {
    parallel_for(100, 7, [&](Index begin, Index end) { total += static_cast<int>(end - begin); });
  });
  BOOST_TEST(total == 600);
}

// Only one of them gets the workers; the others do their chunks themselves.
BOOST_AUTO_TEST_CASE(several_threads_may_call_at_once) {
  const WithThreads with(2);
  std::atomic<int> total = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round)
        parallel_for(40, 5,
                     [&](Index begin, Index end) { total += static_cast<int>(end - begin); });
    });
  for (auto& caller : callers) caller.join();
  BOOST_TEST(total == 4 * 200 * 40);
}

BOOST_AUTO_TEST_CASE(exceptions_reach_the_caller) {
  for (const int threads : {1, 2}) {
    const WithThreads with(threads);
    BOOST_CHECK_THROW(parallel_for(10, 1,
                                   [](Index i, Index) {
                                     if (i == 3) throw std::domain_error("3");
                                   }),
                      std::domain_error);
  }
}

BOOST_AUTO_TEST_CASE(denormals_are_flushed_in_every_worker_and_only_there) {
  volatile double tiny = std::numeric_limits<double>::min();
  for (const int threads : {1, 2}) {
    const WithThreads with(threads);
    for (const bool flushing : {true, false}) {
      set_flush_denormals(flushing);
      std::atomic<int> zeros = 0;
      parallel_for(4, 1, [&](Index, Index) { zeros += (tiny / 4) * 4 == 0; });
      BOOST_TEST(zeros == (flushing ? 4 : 0));
    }
    set_flush_denormals(true);
    BOOST_TEST((tiny / 4) * 4 != 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
