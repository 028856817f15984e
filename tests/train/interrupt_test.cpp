#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

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

BOOST_AUTO_TEST_SUITE_END()
