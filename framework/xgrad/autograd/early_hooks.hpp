#pragma once

#include <unordered_map>

#include <xgrad/autograd/node.hpp>

namespace xgrad {

/// While one lives, backward passes of this thread call a parameter's hooks as soon as the last op
/// that used it has given its share of the gradient: while the rest of the pass goes on, there is
/// time to send the gradient somewhere. Without it, all parameters' hooks are called at the end of
/// the pass. The gradients are the same; it costs a walk over the graph before the pass.
class EarlyHooks {
 public:
  EarlyHooks() : before_(enabled_) { enabled_ = true; }
  ~EarlyHooks() { enabled_ = before_; }
  EarlyHooks(const EarlyHooks&) = delete;
  EarlyHooks& operator=(const EarlyHooks&) = delete;

  static bool enabled() { return enabled_; }

 private:
  bool before_;
  inline static thread_local bool enabled_ = false;
};

/// How many shares of a gradient each leaf of a graph has yet to get. Empty at first: no leaf is
/// waited for.
template <class T>
class AwaitedShares {
 public:
  /// Counts the edges that lead to each leaf from the nodes that `root` came from.
  void count(Node<T>& root);

  /// One share has been given to this node; true for a leaf that now has them all.
  bool last_for(Node<T>& node) {
    if (shares_.empty() || !node.inputs().empty()) return false;
    return --shares_[&node] == 0;
  }

 private:
  std::unordered_map<const Node<T>*, int> shares_;
};

extern template class AwaitedShares<float>;
extern template class AwaitedShares<double>;

}  // namespace xgrad
