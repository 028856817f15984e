#include <xgrad/train/interrupt.hpp>

#include <array>
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

// oneDNN's products keep data where the stack pointer should be: it points into their buffers for
// most of the time, and a handler that runs on "the stack" then overwrites the heap. Signals to the
// process come to the main thread, so that one gets a stack for handlers. 64 KiB hold the registers
// of any CPU several times.
alignas(64) std::array<char, 1 << 16> handler_stack;

}  // namespace

CatchInterrupt::CatchInterrupt() {
  ++guards;
  stack_t present{};
  sigaltstack(nullptr, &present);
  if ((present.ss_flags & SS_DISABLE) != 0) {  // else the program, or a sanitizer, has made one
    stack_t stack{};
    stack.ss_sp = handler_stack.data();
    stack.ss_size = handler_stack.size();
    made_stack_ = sigaltstack(&stack, nullptr) == 0;
  }
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART | SA_ONSTACK;  // reads and writes under way go on
  sigaction(SIGINT, &action, &before_int_);
  sigaction(SIGTERM, &action, &before_term_);
}

CatchInterrupt::~CatchInterrupt() {
  sigaction(SIGINT, &before_int_, nullptr);
  sigaction(SIGTERM, &before_term_, nullptr);
  if (made_stack_) {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }
  if (--guards == 0) received = 0;
}

int CatchInterrupt::signal() { return received; }

}  // namespace xgrad::train
