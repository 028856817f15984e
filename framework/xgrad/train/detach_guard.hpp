#pragma once

#include <cstddef>
#include <string>

#include <xgrad/ops/recurrent.hpp>

namespace xgrad::train {

struct DetachGuardOptions {
  /// How many windows a state may carry its graph along: 0 for truncated backpropagation through
  /// time, where every window starts from a constant; k where a loss is to reach k windows back.
  Index tolerated_windows = 0;
};

/// Recognises a recurrent state that is carried from window to window and was not detached. Its
/// graph then grows with every window, or backward() walks into the windows before, whose saved
/// values are gone: memory without bound, or an error far from its cause.
///
///     train::DetachGuard guard("lstm");
///     for (...) {
///       guard.check(state, 50);  // a window of 50 steps begins
///       auto [output, next] = net.lstm.forward(window, state);
///       ...
///       state = next.detach();
///     }
///
/// A constant passes, and so does a leaf: nothing is behind it. A check looks at two nodes, so it
/// costs nothing.
class DetachGuard {
 public:
  /// `name` says in messages whose state it is. Throws ValueError for negative tolerated_windows.
  explicit DetachGuard(std::string name, const DetachGuardOptions& options = {});

  /// To be called where a window of `steps` steps begins, with the state it begins from. The state
  /// of the first call may come from anything, such as an embedding. Throws GraphError for a later
  /// one that has carried its graph over more than tolerated_windows windows; the message names h
  /// or c, since how many steps, the growth of live memory and the remedy. Throws ValueError for
  /// steps < 1.
  template <class T>
  void check(const RecurrentState<T>& state, Index steps);

  /// The next state begins anew, as in a constructed guard: a new text, a new epoch.
  void reset();

 private:
  // How far back the graph behind h or c reaches.
  struct Reach {
    Index windows = 0, steps = 0;
  };

  std::string name_;
  DetachGuardOptions options_;
  Reach h_{}, c_{};
  Index last_steps_ = 0;            // of the window before; 0: there was none
  std::size_t detached_bytes_ = 0;  // live when nothing was behind the state
};

}  // namespace xgrad::train
