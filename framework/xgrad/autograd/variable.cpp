#include <xgrad/autograd/variable.hpp>
#include <xgrad/core/error.hpp>

#include <fmt/format.h>

namespace xgrad {
namespace {

constexpr OpInfo leaf_op{"leaf", "", "a parameter or input"};

template <class T>
Ref<Node<T>> make_leaf(const Shape& shape) {
  const auto nothing = [](Backward<T>&) {};
  using Outputs = std::array<typename Node<T>::Output, 1>;
  using Leaf = NodeOf<T, std::array<Edge<T>, 0>, Outputs, decltype(nothing)>;
  Outputs outputs;
  outputs[0].shape = shape;
  return Ref<Node<T>>::adopt(new Leaf(leaf_op, {}, std::move(outputs), nothing));
}

// The node's extras for a variable that takes a gradient; `call` names what wants them.
template <class T>
typename Node<T>::Extras& extras_of(const Edge<T>& edge, const char* call) {
  if (!edge.node)
    throw GraphError(fmt::format("{}: this variable takes no gradient: make it with requires_grad, or "
                                 "from variables that have it, outside NoGrad",
                                 call));
  return edge.node->extras(edge.output);
}

template <class T>
void check_defined(const Tensor<T>& value, const char* call) {
  if (!value.defined())
    throw ValueError(fmt::format("{}: an undefined variable: give it a value first; one that was "
                                 "moved from has none",
                                 call));
}

}  // namespace

template <class T>
Variable<T>::Variable(Tensor<T> value, bool requires_grad) : value_(std::move(value)) {
  if (!requires_grad) return;
  if (!value_.defined())
    throw ValueError("Variable: an undefined tensor cannot require a gradient: give it a value");
  edge_.node = make_leaf<T>(value_.shape());
  edge_.node->extras(0).keeps_grad = true;
}

template <class T>
Variable<T> Variable<T>::from_node(Tensor<T> value, Edge<T> edge) {
  Variable result(std::move(value));
  result.edge_ = std::move(edge);
  return result;
}

template <class T>
Variable<T> Variable<T>::from_pending(Ref<Pending<T>> pending) {
  Variable result;
  result.pending_ = std::move(pending);
  return result;
}

template <class T>
void Variable<T>::compute_pending() const {
  Variable result = pending_->result();
  value_ = std::move(result.value_);
  edge_ = std::move(result.edge_);
  pending_ = nullptr;
}

template <class T>
T Variable<T>::item() const {
  check_defined(value(), "item()");
  return value_.item();
}

template <class T>
Tensor<T> Variable<T>::grad() const {
  if (!edge().node) return {};
  const auto& extras = edge_.node->outputs()[static_cast<std::size_t>(edge_.output)].extras;
  return extras ? extras->grad : Tensor<T>();
}

template <class T>
void Variable<T>::set_grad(Tensor<T> gradient) const {
  auto& extras = extras_of(edge(), "set_grad");
  if (gradient.defined() && gradient.shape() != shape())
    throw ShapeError(fmt::format("set_grad: a gradient of shape {} for a variable of shape {}{}",
                                 gradient.shape().to_string(), shape().to_string(),
                                 extras.name.empty() ? "" : " (" + extras.name + ")"));
  extras.grad = gradient.unique() ? std::move(gradient) : gradient.clone();
}

template <class T>
void Variable<T>::zero_grad() const {
  if (edge().node) extras_of(edge(), "zero_grad").grad = {};
}

template <class T>
void Variable<T>::retain_grad() const {
  extras_of(edge(), "retain_grad").keeps_grad = true;
}

template <class T>
void Variable<T>::register_hook(GradientHook<T> hook) const {
  extras_of(edge(), "register_hook").hooks.push_back(std::move(hook));
}

template <class T>
void Variable<T>::backward(bool retain_graph) const {
  check_defined(value(), "backward()");
  if (size() != 1)
    throw GraphError(fmt::format("backward() needs a value of one element, this one has shape {}: "
                                 "reduce it to a loss first, or give backward() a cotangent",
                                 shape().to_string()));
  backward(Tensor<T>::full(shape(), T(1)), retain_graph);
}

template <class T>
void Variable<T>::backward(const Tensor<T>& cotangent, bool retain_graph) const {
  check_defined(value(), "backward()");
  if (!edge_.node)
    throw GraphError("backward(): no graph leads here: none of the inputs requires a gradient, or it "
                     "was computed under NoGrad");
  if (cotangent.shape() != shape())
    throw ShapeError(fmt::format("backward(): a cotangent of shape {} for a value of shape {}: they "
                                 "must be the same",
                                 cotangent.shape().to_string(), shape().to_string()));
  run_backward(edge_, cotangent, retain_graph);
}

template <class T>
void Variable<T>::set_name(std::string name) const {
  extras_of(edge(), "set_name").name = std::move(name);
}

template <class T>
std::string Variable<T>::name() const {
  if (!edge().node) return "";
  const auto& extras = edge_.node->outputs()[static_cast<std::size_t>(edge_.output)].extras;
  return extras ? extras->name : "";
}

template class Variable<float>;
template class Variable<double>;

}  // namespace xgrad
