#pragma once

#include <array>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <xgrad/autograd/engine.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/op_listener.hpp>
#include <xgrad/autograd/op_tracer.hpp>
#include <xgrad/autograd/saved.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {
namespace detail {

// Converts from a variable, so that record(op, {x, w}, ...) copies neither values nor, but for the
// node, edges. It is no template: Clang deduces how long a list is only where the type of its
// elements is known.
class Input {
 public:
  Input(const Variable<float>& x) : variable_(&x) {}
  Input(const Variable<double>& x) : variable_(&x) {}
  /// Of the result's type; else throws std::bad_variant_access.
  template <class T>
  const Variable<T>* variable() const {
    return std::get<const Variable<T>*>(variable_);
  }

 private:
  std::variant<const Variable<float>*, const Variable<double>*> variable_;
};

template <class T, class Edges>
bool wants_gradient(const Edges& edges) {
  if (!NoGrad::recording()) return false;
  for (const Edge<T>& edge : edges)
    if (edge.node) return true;
  return false;
}

template <class T, std::size_t M, class Edges, class F>
Ref<Node<T>> make_node(const OpInfo& op, Edges edges, const std::array<Tensor<T>, M>& ys,
                       F&& backward) {
  using Outputs = std::array<typename Node<T>::Output, M>;
  Outputs outputs;
  for (std::size_t i = 0; i < M; ++i) outputs[i].shape = ys[i].shape();
  using Made = NodeOf<T, Edges, Outputs, std::decay_t<F>>;
  return Ref<Node<T>>::adopt(
      new Made(op, std::move(edges), std::move(outputs), std::forward<F>(backward)));
}

// `variables()` gives pointers to the inputs, for whoever traces.
template <class T, std::size_t M, class Edges, class F, class Variables>
std::array<Variable<T>, M> record_all(const OpInfo& op, Edges edges, std::array<Tensor<T>, M> ys,
                                      F&& backward, const Variables& variables) {
  if (DetectAnomaly::enabled())
    for (const Tensor<T>& y : ys) check_finite<T>(y, op, edges, "output");
  std::array<Variable<T>, M> results;
  if (wants_gradient<T>(edges)) {
    const Ref<Node<T>> node = make_node(op, std::move(edges), ys, std::forward<F>(backward));
    for (std::size_t i = 0; i < M; ++i)
      results[i] = Variable<T>::from_node(std::move(ys[i]), {node, static_cast<int>(i)});
  } else {
    for (std::size_t i = 0; i < M; ++i) results[i] = Variable<T>(std::move(ys[i]));
  }
  if (OpListener::current() != nullptr) [[unlikely]] {
    if (auto* const tracer = OpTracer<T>::current())
      tracer->report_values(op, variables(), results);
    OpListener::report(op.name, OpPass::forward);
  }
  return results;
}

template <class T, std::size_t N>
std::array<Edge<T>, N> edges_of(const Input (&inputs)[N]) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<Edge<T>, N>{inputs[I].template variable<T>()->edge()...};
  }(std::make_index_sequence<N>{});
}

// What record_all() asks for.
template <class T, std::size_t N>
auto variables_of(const Input (&inputs)[N]) {
  return [&inputs] {
    std::array<const Variable<T>*, N> variables;
    for (std::size_t i = 0; i < N; ++i) variables[i] = inputs[i].template variable<T>();
    return variables;
  };
}

}  // namespace detail

/// Makes the result of an op: `y` as a variable, and where one of the inputs wants a gradient and
/// recording is on, the node that remembers how to get it. This is all it takes to define an op:
///
///     inline constexpr OpInfo cube_op{"cube", "x", "y = x^3\ndx = 3 x^2 dy"};
///
///     template <class T> Variable<T> cube(const Variable<T>& x) {
///       Tensor<T> y = ...;
///       return record(cube_op, {x}, y, [x = Saved(x.value())](Backward<T>& b) {
///         ... b.dy(), x.get() ... b.dx(0) ...
///       });
///     }
///
/// `inputs` may hold undefined variables (an absent bias). `backward` is called at most once unless
/// the graph is retained; it should capture tensors as Saved, and never variables.
template <class T, std::size_t N, class F>
Variable<T> record(const OpInfo& op, const detail::Input (&inputs)[N], Tensor<T> y, F&& backward) {
  return std::move(
      detail::record_all(op, detail::edges_of<T>(inputs), std::array{std::move(y)},
                         std::forward<F>(backward), detail::variables_of<T>(inputs))[0]);
}

/// An op of several outputs.
template <class T, std::size_t N, std::size_t M, class F>
std::array<Variable<T>, M> record(const OpInfo& op, const detail::Input (&inputs)[N],
                                  std::array<Tensor<T>, M> ys, F&& backward) {
  return detail::record_all(op, detail::edges_of<T>(inputs), std::move(ys),
                            std::forward<F>(backward), detail::variables_of<T>(inputs));
}

/// An op of any number of inputs.
template <class T, class F>
Variable<T> record(const OpInfo& op, std::span<const Variable<T>> inputs, Tensor<T> y,
                   F&& backward) {
  std::vector<Edge<T>> edges;
  edges.reserve(inputs.size());
  for (const Variable<T>& x : inputs) edges.push_back(x.edge());
  const auto variables = [inputs] {
    std::vector<const Variable<T>*> all;
    for (const Variable<T>& x : inputs) all.push_back(&x);
    return all;
  };
  return std::move(detail::record_all(op, std::move(edges), std::array{std::move(y)},
                                      std::forward<F>(backward), variables)[0]);
}

}  // namespace xgrad
