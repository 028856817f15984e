#pragma once

#include <array>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/autograd/engine.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/node.hpp>
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

  bool defined() const { return value_.defined(); }
  const Shape& shape() const { return value_.shape(); }
  Index shape(int axis) const { return value_.shape(axis); }
  Index size() const { return value_.size(); }

  /// The value. The handle got from a named variable may be written through
  /// (`w.value().fill(0)`), which changes the value in place, for all copies of the variable.
  const Tensor<T>& value() const& { return value_; }
  Tensor<T> value() & { return value_; }
  Tensor<T> value() && { return std::move(value_); }
  /// The only element of the value. Throws ShapeError if there is not exactly one, ValueError if the
  /// variable is undefined.
  T item() const;

  bool requires_grad() const { return static_cast<bool>(edge_.node); }

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
  Variable detach() const { return Variable(value_); }

  /// Name for messages: a module's parameters are called by their path. Needs requires_grad().
  void set_name(std::string name) const;
  /// The name given by set_name, else "".
  std::string name() const;

  /// Where this came from; no node for a constant.
  const Edge<T>& edge() const { return edge_; }

  /// A result of a recorded op; see record().
  static Variable from_node(Tensor<T> value, Edge<T> edge);

  /// Memory for a result of this variable's shape: its own where this handle is the only owner, else
  /// new memory. For ops that take their input by value and can compute in place.
  Tensor<T> reuse() const {
    return value_.unique() ? value_ : Tensor<T>::empty(value_.shape());
  }

 private:
  Tensor<T> value_;
  Edge<T> edge_;
};

extern template class Variable<float>;
extern template class Variable<double>;

}  // namespace xgrad
