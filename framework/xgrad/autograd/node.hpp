#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/ref.hpp>
#include <xgrad/core/tensor.hpp>

namespace xgrad {

template <class T>
class Backward;
template <class T>
class Node;

/// Sees the finished gradient of a variable and may return another in its place; an undefined tensor
/// leaves it as it is. It must not write to what it is given, whose memory others may still read: to
/// change a gradient, return a changed copy.
template <class T>
using GradientHook = std::function<Tensor<T>(const Tensor<T>&)>;

/// Which output of which node an input came from. No node: a constant, no gradient wanted.
template <class T>
struct Edge {
  Ref<Node<T>> node;
  int output = 0;
};

/// One application of an op in the recorded graph: the op's identity, edges to what it was applied
/// to, and its backward function. A node owns the nodes it came from and nothing owns it but the
/// variables and nodes that came after, so a graph lives exactly as long as somebody can use it.
///
/// Nodes take rising numbers as they are made, so creation order is a topological order.
template <class T>
class Node : public RefCounted {
 public:
  /// What few variables have: leaves, those with retain_grad(), those with hooks.
  struct Extras {
    std::string name;
    std::vector<GradientHook<T>> hooks;
    bool keeps_grad = false;
    Tensor<T> grad;
  };
  struct Output {
    Shape shape;
    Tensor<T> pending;  ///< the gradient so far, during a backward pass
    std::unique_ptr<Extras> extras;
  };

  virtual ~Node() = default;
  static void destroy(Node* node) noexcept;
  static void* operator new(std::size_t bytes) { return pool_allocate(bytes); }
  static void operator delete(void* node, std::size_t bytes) { pool_free(node, bytes); }

  const OpInfo& op() const { return *op_; }
  std::uint64_t id() const { return id_; }
  virtual std::span<Edge<T>> inputs() = 0;
  virtual std::span<Output> outputs() = 0;

  /// Turns the gradients of the outputs into those of the inputs.
  virtual void backward(Backward<T>& b) = 0;
  /// Lets go of the saved values and the edges; after that, backward() may not be called.
  virtual void release() = 0;
  bool released() const { return released_; }

  /// The extras of an output, made when first asked for.
  Extras& extras(int output);

 protected:
  explicit Node(const OpInfo& op);
  bool released_ = false;

 private:
  template <class>
  friend class BackwardPass;
  const OpInfo* op_;
  std::uint64_t id_;
  bool queued_ = false;           // waits in a backward pass
  Node* next_doomed_ = nullptr;   // links the nodes that destroy() has yet to delete
};

/// A node whose edges and outputs are kept in the containers `Edges` and `Outputs` (arrays where
/// their number is known at compile time) and whose backward is the function object `Function`.
template <class T, class Edges, class Outputs, class Function>
class NodeOf final : public Node<T> {
 public:
  NodeOf(const OpInfo& op, Edges edges, Outputs outputs, Function function)
      : Node<T>(op),
        edges_(std::move(edges)),
        outputs_(std::move(outputs)),
        function_(std::move(function)) {}

  std::span<Edge<T>> inputs() override { return edges_; }
  std::span<typename Node<T>::Output> outputs() override { return outputs_; }
  void backward(Backward<T>& b) override { (*function_)(b); }
  void release() override {
    function_.reset();
    for (Edge<T>& edge : edges_) edge.node = nullptr;
    this->released_ = true;
  }

 private:
  Edges edges_;
  Outputs outputs_;
  std::optional<Function> function_;
};

extern template class Node<float>;
extern template class Node<double>;

}  // namespace xgrad
