#include <xgrad/train/interrupt.hpp>

#include <atomic>

namespace xgrad::train {
namespace {

std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler writes it");
int guards = 0;

// Only what POSIX allows in a handler: atomics, signal() and raise().
void on_signal(int number) {
  if (received.exchange(number) == 0) return;
  std::signal(number, SIG_DFL);
  std::raise(number);  // takes effect when this handler returns
}

}  // namespace

CatchInterrupt::CatchInterrupt() {
  ++guards;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;  // reads and writes under way go on
  sigaction(SIGINT, &action, &before_int_);
  sigaction(SIGTERM, &action, &before_term_);
}

CatchInterrupt::~CatchInterrupt() {
  sigaction(SIGINT, &before_int_, nullptr);
  sigaction(SIGTERM, &before_term_, nullptr);
  if (--guards == 0) received = 0;
}

int CatchInterrupt::signal() { return received; }

}  // namespace xgrad::train
