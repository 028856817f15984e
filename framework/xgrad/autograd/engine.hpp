#pragma once
// The backward pass: from one node, against the order of creation, to the leaves.

#include <span>

#include <xgrad/autograd/node.hpp>

namespace xgrad {

/// What an op's backward function sees: the gradients of its outputs (dy) coming in, and a place for
/// the gradient of each input (dx). It must give a gradient to every input that needs one.
template <class T>
class Backward {
 public:
  /// Input `i` wants a gradient. Computing one that is not needed is wasted work, and an error.
  bool needs(int i) const;

  /// The gradient of an output; zeros if nothing flowed into it.
  const Tensor<T>& dy(int output = 0);
  /// Something flowed into this output.
  bool has_dy(int output) const;

  /// Memory for the gradient of input `i`, of its shape, contents unspecified: to be written in full.
  Tensor<T>& dx(int i);
  /// The same, but where possible it is the memory of dy() itself: for kernels that may run in place.
  /// Once it is written to, dy() is gone.
  Tensor<T>& dx_in_place_of_dy(int i);
  /// Memory for the gradient of input `i` with what other nodes have given to it already. If `add` is
  /// true it holds that, and this node's part is to be added; else it is to be written in full. Saves the
  /// passes over memory that adding up separate gradients takes, where an input is used many times.
  struct Sum {
    Tensor<T>& dx;
    bool add;
  };
  Sum dx_sum(int i);
  /// Hands over a gradient that exists already; it may share memory with dy().
  /// Throws ShapeError if its shape is not that of input `i`.
  void set_dx(int i, Tensor<T> gradient);

 private:
  template <class>
  friend class BackwardPass;
  // `dx` is memory for the gradients of the inputs, none of them there yet.
  Backward(Node<T>& node, std::span<Tensor<T>> dx) : node_(node), dx_(dx) {}
  const Shape& input_shape(int i) const;

  Node<T>& node_;
  std::span<Tensor<T>> dx_;
};

/// Runs backward from output `root.output` of `root.node` with gradient `dy`; see Variable::backward.
template <class T>
void run_backward(const Edge<T>& root, Tensor<T> dy, bool retain_graph);

/// Throws NumericError naming `op`, `what` and the place in the model (the named leaves among the
/// op's inputs, or nearest before it) if the tensor holds a NaN or infinity.
template <class T>
void check_finite(const Tensor<T>& tensor, const OpInfo& op, std::span<const Edge<T>> inputs,
                  const char* what);

extern template class Backward<float>;
extern template class Backward<double>;

}  // namespace xgrad
