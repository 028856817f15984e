#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include <xgrad/kernels/gemm.hpp>
#include <xgrad/train/interrupt.hpp>

using xgrad::train::CatchInterrupt;

namespace {

// How a child process that runs `f` ends.
template <class F>
int status_of_child(F f) {
  const pid_t child = fork();
  if (child == 0) {
    f();
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(interrupt)

BOOST_AUTO_TEST_CASE(the_first_signal_is_a_request) {
  for (const int number : {SIGINT, SIGTERM}) {
    const CatchInterrupt interrupt;
    BOOST_TEST(!interrupt.requested());
    BOOST_TEST(interrupt.signal() == 0);
    std::raise(number);
    BOOST_TEST(interrupt.requested());
    BOOST_TEST(interrupt.signal() == number);
  }
}

BOOST_AUTO_TEST_CASE(an_inner_guard_keeps_the_request_for_the_outer_one) {
  const CatchInterrupt outer;
  {
    const CatchInterrupt inner;
    std::raise(SIGTERM);
    BOOST_TEST(inner.requested());
  }
  BOOST_TEST(outer.requested());
}

BOOST_AUTO_TEST_CASE(the_second_signal_ends_the_program) {
  const int status = status_of_child([] {
    const CatchInterrupt interrupt;
    std::raise(SIGTERM);
    if (!interrupt.requested()) _exit(1);
    std::raise(SIGINT);
  });
  BOOST_TEST_REQUIRE(WIFSIGNALED(status));
  BOOST_TEST(WTERMSIG(status) == SIGINT);
}

BOOST_AUTO_TEST_CASE(afterwards_signals_do_what_they_did_before) {
  const int status = status_of_child([] {
    std::signal(SIGTERM, SIG_DFL);
    { const CatchInterrupt interrupt; }
    std::raise(SIGTERM);
  });
  BOOST_TEST_REQUIRE(WIFSIGNALED(status));
  BOOST_TEST(WTERMSIG(status) == SIGTERM);
}

// oneDNN's kernels use the stack pointer for data. A handler that takes it for one overwrites what
// the product reads and what lies beside it: without a stack for handlers the heap was spoilt.
BOOST_AUTO_TEST_CASE(a_signal_in_the_middle_of_a_product_spoils_nothing) {
  const xgrad::Index m = 64, n = 128, k = 1568;
  const std::vector<float> a(static_cast<std::size_t>(m * k), 1);
  const std::vector<float> b(static_cast<std::size_t>(n * k), 1);
  std::vector<float> c(static_cast<std::size_t>(m * n));
  for (int round = 0; round < 50; ++round) {
    const CatchInterrupt interrupt;
    std::jthread sender([round] {
      std::this_thread::sleep_for(std::chrono::microseconds(100 + 37 * round));
      kill(getpid(), SIGTERM);
    });
    while (!interrupt.requested()) {
      xgrad::kernels::gemm<float>(1, xgrad::kernels::Factor<float>(a.data(), m, k),
                                  xgrad::kernels::Factor<float>(b.data(), n, k).t(), 0, c.data());
      BOOST_TEST_REQUIRE((c == std::vector<float>(c.size(), static_cast<float>(k))));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
