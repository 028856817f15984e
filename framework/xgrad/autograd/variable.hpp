#pragma once

#include <array>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/autograd/engine.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/node.hpp>
#include <xgrad/autograd/pending.hpp>
#include <xgrad/autograd/saved.hpp>
#include <xgrad/core/tensor.hpp>

namespace xgrad {

/// A handle to a value in the graph: the tensor, and the node that made it if a gradient is wanted.
/// Copies refer to the same value, gradient and node. Calling ops on variables records the graph;
/// backward() on a result fills grad() of the leaves it came from.
///
/// A variable that goes into an op as a temporary (or by std::move) gives its memory away: the op
/// may overwrite it where nobody else holds it.
template <class T = float>
class Variable {
 public:
  using value_type = T;

  /// No variable at all, as for an absent bias; defined() is false.
  Variable() = default;

  /// A leaf of the graph: a constant, or with `requires_grad` a parameter.
  Variable(Tensor<T> value, bool requires_grad = false);

  bool defined() const { return value_.defined() || pending_; }
  const Shape& shape() const { return pending_ ? pending_->shape() : value_.shape(); }
  Index shape(int axis) const { return shape()[axis]; }
  Index size() const { return pending_ ? shape().elements() : value_.size(); }

  /// The value. The handle got from a named variable may be written through
  /// (`w.value().fill(0)`), which changes the value in place, for all copies of the variable.
  const Tensor<T>& value() const& { return settle().value_; }
  Tensor<T> value() & { return settle().value_; }
  Tensor<T> value() && { return std::move(settle().value_); }
  /// The only element of the value. Throws ShapeError if there is not exactly one, ValueError if the
  /// variable is undefined.
  T item() const;

  bool requires_grad() const { return static_cast<bool>(edge().node); }

  /// The accumulated gradient of a leaf (or after retain_grad()); undefined if there is none yet.
  /// May be written through like value().
  Tensor<T> grad() const;
  /// Replaces the gradient, by a copy where others hold the same memory. Throws ShapeError for another shape than the value's, GraphError for a
  /// variable that takes no gradient.
  void set_grad(Tensor<T> gradient) const;
  /// Forgets the gradient: grad() is undefined until the next backward().
  void zero_grad() const;
  /// Makes backward() leave the gradient of this intermediate value in grad(). Throws GraphError for
  /// a variable that takes no gradient.
  void retain_grad() const;

  /// Calls `hook` with the gradient of this variable whenever a backward pass has finished it, before
  /// it goes further; see GradientHook. Throws GraphError for a variable that takes no gradient.
  void register_hook(GradientHook<T> hook) const;

  /// Adds d(this)/d(leaf) to the grad() of every leaf that this came from. The value must have one
  /// element. The graph's saved values are released on the way unless `retain_graph`.
  /// Throws ValueError: undefined. GraphError: not one element; no graph; a second time without `retain_graph`; a saved value
  /// was overwritten. After a throw the leaves' gradients are as before.
  /// Graphs that share variables (parameters, say) belong to one thread at a time; forward passes
  /// under NoGrad may run side by side.
  void backward(bool retain_graph = false) const;
  /// The same for any shape: adds cotangent · d(this)/d(leaf). Throws ShapeError if the cotangent's
  /// shape is not the value's.
  void backward(const Tensor<T>& cotangent, bool retain_graph = false) const;

  /// The same value as a constant: gradients stop here.
  Variable detach() const { return Variable(value()); }

  /// Name for messages: a module's parameters are called by their path. Needs requires_grad().
  void set_name(std::string name) const;
  /// The name given by set_name, else "".
  std::string name() const;

  /// Where this came from; no node for a constant.
  const Edge<T>& edge() const { return settle().edge_; }

  /// A result of a recorded op; see record().
  static Variable from_node(Tensor<T> value, Edge<T> edge);

  /// A result that its op has put off; see Pending.
  static Variable from_pending(Ref<Pending<T>> pending);
  /// What has been put off, for an op that can do it along with its own work; null if there is
  /// nothing, or if other copies of this variable wait for it, whose gradient somebody may ask for.
  Pending<T>* pending() const { return pending_.unique() ? pending_.get() : nullptr; }

  /// Memory for a result of this variable's shape: its own where this handle is the only owner, else
  /// new memory. For ops that take their input by value and can compute in place.
  Tensor<T> reuse() const {
    return value().unique() ? value_ : Tensor<T>::empty(value_.shape());
  }

 private:
  const Variable& settle() const {
    if (pending_) [[unlikely]] compute_pending();
    return *this;
  }
  Variable& settle() {
    std::as_const(*this).settle();
    return *this;
  }
  void compute_pending() const;

  // Mutable because a value that was put off is there as soon as somebody looks at it.
  mutable Tensor<T> value_;
  mutable Edge<T> edge_;
  mutable Ref<Pending<T>> pending_;
};

extern template class Variable<float>;
extern template class Variable<double>;

}  // namespace xgrad
