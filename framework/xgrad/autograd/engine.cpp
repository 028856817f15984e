#include <xgrad/autograd/early_hooks.hpp>
#include <xgrad/autograd/engine.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/op_listener.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace xgrad {
namespace {

constexpr Index elements_per_chunk = 1 << 15;

// sum += addend, in memory that nobody else sees. An empty sum takes the addend over as it is.
template <class T>
void accumulate(Tensor<T>& sum, Tensor<T>&& addend) {
  if (!sum.defined()) {
    sum = std::move(addend);
    return;
  }
  const T *a = std::as_const(sum).data(), *b = std::as_const(addend).data();
  Tensor<T> total = sum.unique() ? sum : addend.unique() ? addend : Tensor<T>::empty(sum.shape());
  T* out = total.data();
  parallel_for(total.size(), elements_per_chunk, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) out[i] = a[i] + b[i];
  });
  sum = std::move(total);
}

}  // namespace

// One backward pass. Nodes wait in a heap ordered by their number, the latest first: since a node
// is younger than its inputs, all gradients that flow into it have arrived when its turn comes.
template <class T>
class BackwardPass {
 public:
  explicit BackwardPass(bool retain_graph) : retain_graph_(retain_graph) {}

  // Leaves no trace in the graph, also after a throw.
  ~BackwardPass() {
    for (const Ref<Node<T>>& node : waiting_) forget(*node);
  }

  void add(const Edge<T>& edge, Tensor<T> gradient) {
    Node<T>& node = *edge.node;
    accumulate(node.outputs()[static_cast<std::size_t>(edge.output)].pending, std::move(gradient));
    if (node.queued_) return;
    node.queued_ = true;
    waiting_.push_back(edge.node);
    std::push_heap(waiting_.begin(), waiting_.end(), earlier);
  }

  void run() {
    if (EarlyHooks::enabled()) awaited_.count(*waiting_.front());
    while (!waiting_.empty()) {
      step(*waiting_.front());
      std::pop_heap(waiting_.begin(), waiting_.end(), earlier);
      forget(*waiting_.back());
      waiting_.pop_back();
    }
    for (auto& [node, extras, gradient] : finished_) {
      // A gradient that something else refers to (another leaf, the caller's cotangent) is copied.
      if (!extras->grad.defined() && !gradient.unique()) gradient = gradient.clone();
      accumulate(extras->grad, std::move(gradient));
    }
  }

 private:
  struct Finished {
    Ref<Node<T>> node;  // keeps the extras alive
    typename Node<T>::Extras* extras;
    Tensor<T> gradient;
  };

  static bool earlier(const Ref<Node<T>>& a, const Ref<Node<T>>& b) { return a->id() < b->id(); }

  static void forget(Node<T>& node) {
    node.queued_ = false;
    for (auto& output : node.outputs()) output.pending = {};
  }

  void step(Node<T>& node) {
    if (node.released())
      throw GraphError(fmt::format(
          "backward() reached {} a second time, and its saved values were released the first time: "
          "call the first backward() with retain_graph = true, or run the forward pass again",
          node.op().name));
    for (auto& output : node.outputs())
      if (output.extras && output.pending.defined()) finish(waiting_.front(), output);
    if (node.inputs().empty()) return;  // a leaf

    // One list for all nodes: a small op would notice the time that a new one takes.
    dx_.clear();
    dx_.resize(node.inputs().size());
    Backward<T> b(node, dx_);
    {
      const ActiveOp active(node.op().name);
      node.backward(b);
    }
    const auto inputs = node.inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i].node) continue;
      const auto name = [&] { return node.op().input_name(static_cast<int>(i)); };
      if (!dx_[i].defined())
        throw GraphError(
            fmt::format("the backward function of {} gave no gradient for input {}: "
                        "every input for which needs() is true must get one",
                        node.op().name, name()));
      if (DetectAnomaly::enabled())
        check_finite<T>(dx_[i], node.op(), inputs,
                        fmt::format("gradient of input {}", name()).c_str());
      add(inputs[i], std::move(dx_[i]));
      if (awaited_.last_for(*inputs[i].node)) finish_early(inputs[i]);
    }
    if (!retain_graph_) node.release();
    OpListener::report(node.op().name, OpPass::backward);
  }

  // The leaf still waits, without a gradient, until its turn comes.
  void finish_early(const Edge<T>& edge) {
    auto& output = edge.node->outputs()[0];
    if (!output.extras) return;
    finish(edge.node, output);
    output.pending = {};
  }

  void finish(const Ref<Node<T>>& node, typename Node<T>::Output& output) {
    auto& extras = *output.extras;
    // A hook may register another, which moves the list; that one is called from the next pass on.
    for (std::size_t i = 0, count = extras.hooks.size(); i < count; ++i) {
      const GradientHook<T> hook = extras.hooks[i];
      Tensor<T> replaced = hook(output.pending);
      if (!replaced.defined()) continue;
      if (replaced.shape() != output.shape)
        throw ShapeError(fmt::format("a gradient hook returned shape {} for a gradient of shape {}",
                                     replaced.shape().to_string(), output.shape.to_string()));
      output.pending = std::move(replaced);
    }
    if (extras.keeps_grad) finished_.push_back({node, &extras, output.pending});
  }

  bool retain_graph_;
  AwaitedShares<T> awaited_;
  std::vector<Ref<Node<T>>> waiting_;
  std::vector<Tensor<T>> dx_;       // of the node in work
  std::vector<Finished> finished_;  // gradients to be stored once the whole pass has succeeded
};

template <class T>
void run_backward(const Edge<T>& root, Tensor<T> dy, bool retain_graph) {
  const KernelScope scope;
  BackwardPass<T> pass(retain_graph);
  pass.add(root, std::move(dy));
  pass.run();
}

template <class T>
bool Backward<T>::needs(int i) const {
  const auto inputs = node_.inputs();
  if (static_cast<std::size_t>(i) >= inputs.size())
    throw GraphError(fmt::format("the backward function of {} speaks of input {}, and its op was "
                                 "recorded with {}, counted from 0",
                                 node_.op().name, i, inputs.size()));
  return static_cast<bool>(inputs[static_cast<std::size_t>(i)].node);
}

template <class T>
const Shape& Backward<T>::input_shape(int i) const {
  if (!needs(i))
    throw GraphError(
        fmt::format("the backward function of {} computes a gradient for input {}, "
                    "which needs none: ask needs({}) first",
                    node_.op().name, node_.op().input_name(i), i));
  const Edge<T>& edge = node_.inputs()[static_cast<std::size_t>(i)];
  return edge.node->outputs()[static_cast<std::size_t>(edge.output)].shape;
}

template <class T>
bool Backward<T>::has_dy(int output) const {
  return node_.outputs()[static_cast<std::size_t>(output)].pending.defined();
}

template <class T>
const Tensor<T>& Backward<T>::dy(int output) {
  auto& slot = node_.outputs()[static_cast<std::size_t>(output)];
  if (!slot.pending.defined()) slot.pending = Tensor<T>(slot.shape);
  return slot.pending;
}

template <class T>
Tensor<T>& Backward<T>::dx(int i) {
  if (static_cast<std::size_t>(i) >= dx_.size()) needs(i);  // which says so
  Tensor<T>& gradient = dx_[static_cast<std::size_t>(i)];
  if (!gradient.defined()) gradient = Tensor<T>::empty(input_shape(i));
  return gradient;
}

template <class T>
Tensor<T>& Backward<T>::dx_in_place_of_dy(int i) {
  const Tensor<T>& gradient = dy();
  if (!gradient.unique() || gradient.shape() != input_shape(i)) return dx(i);
  return dx_[static_cast<std::size_t>(i)] = gradient;
}

template <class T>
typename Backward<T>::Sum Backward<T>::dx_sum(int i) {
  const Shape& shape = input_shape(i);
  const Edge<T>& edge = node_.inputs()[static_cast<std::size_t>(i)];
  Tensor<T>& so_far = edge.node->outputs()[static_cast<std::size_t>(edge.output)].pending;
  Tensor<T>& gradient = dx_[static_cast<std::size_t>(i)];
  const bool add = so_far.unique();
  gradient = add ? std::exchange(so_far, {}) : Tensor<T>::empty(shape);
  return {gradient, add};
}

template <class T>
void Backward<T>::set_dx(int i, Tensor<T> gradient) {
  if (gradient.shape() != input_shape(i))
    throw ShapeError(
        fmt::format("the backward function of {} gave a gradient of shape {} for input "
                    "{} of shape {}",
                    node_.op().name, gradient.shape().to_string(), node_.op().input_name(i),
                    input_shape(i).to_string()));
  dx_[static_cast<std::size_t>(i)] = std::move(gradient);
}

namespace {

// " of conv1.weight, conv1.bias", or for an op without named inputs " after fc1.weight": the nearest
// ones on the way back, breadth first.
template <class T>
std::string place_of(std::span<const Edge<T>> inputs) {
  std::unordered_set<const Node<T>*> seen;
  std::vector<Node<T>*> level;
  const auto add_new = [&](std::span<const Edge<T>> edges, std::vector<Node<T>*>& nodes) {
    for (const Edge<T>& edge : edges)
      if (edge.node && seen.insert(edge.node.get()).second) nodes.push_back(edge.node.get());
  };
  add_new(inputs, level);
  for (const char* relation = "of"; !level.empty(); relation = "after") {
    std::vector<std::string> names;
    std::vector<Node<T>*> next;
    for (Node<T>* const node : level) {
      const auto& extras = node->outputs()[0].extras;
      if (node->inputs().empty() && extras && !extras->name.empty()) names.push_back(extras->name);
      add_new(node->inputs(), next);
    }
    if (!names.empty()) return fmt::format(" {} {}", relation, fmt::join(names, ", "));
    level = std::move(next);
  }
  return "";
}

}  // namespace

template <class T>
void check_finite(const Tensor<T>& tensor, const OpInfo& op, std::span<const Edge<T>> inputs,
                  const char* what) {
  const auto values = tensor.values();
  const auto bad =
      std::find_if(values.begin(), values.end(), [](T value) { return !std::isfinite(value); });
  if (bad != values.end())
    throw NumericError(fmt::format("{}{}: the {} of shape {} holds {} at element {}", op.name,
                                   place_of(inputs), what, tensor.shape().to_string(), *bad,
                                   bad - values.begin()));
}

template class Backward<float>;
template class Backward<double>;
template void run_backward(const Edge<float>&, Tensor<float>, bool);
template void run_backward(const Edge<double>&, Tensor<double>, bool);
template void check_finite(const Tensor<float>&, const OpInfo&, std::span<const Edge<float>>,
                           const char*);
template void check_finite(const Tensor<double>&, const OpInfo&, std::span<const Edge<double>>,
                           const char*);

}  // namespace xgrad
