#pragma once

#include <csignal>

namespace xgrad::train {

/// While it lives, Ctrl-C (SIGINT) and SIGTERM do not end the program but make requested() true, so
/// that a loop can stop between two steps and keep what it has. A second such signal ends the
/// program at once. They may be nested; only the thread that made the outermost one should make
/// others, and that should be the main thread: it is the one that signals interrupt, and the
/// handler needs a stack of its own there (see interrupt.cpp).
class CatchInterrupt {
 public:
  CatchInterrupt();
  /// Gives the signals back to whoever had them, and the outermost forgets the request.
  ~CatchInterrupt();
  CatchInterrupt(const CatchInterrupt&) = delete;
  CatchInterrupt& operator=(const CatchInterrupt&) = delete;

  /// A signal has come.
  static bool requested() { return signal() != 0; }
  /// Which signal has come: SIGINT, SIGTERM, or 0. A program that stops for it exits with 128 + it.
  static int signal();

 private:
  struct sigaction before_int_ {};
  struct sigaction before_term_ {};
  bool made_stack_ = false;
};

}  // namespace xgrad::train
