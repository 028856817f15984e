#pragma once
// Layers without parameters that act on elements or along one axis.

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/loss.hpp>

namespace xgrad::nn {

template <class T = float>
class Tanh final : public Module<T> {
 public:
  Variable<T> forward(Variable<T> x) override { return tanh(std::move(x)); }
};

template <class T = float>
class ReLU final : public Module<T> {
 public:
  Variable<T> forward(Variable<T> x) override { return relu(std::move(x)); }
};

template <class T = float>
class Sigmoid final : public Module<T> {
 public:
  Variable<T> forward(Variable<T> x) override { return sigmoid(std::move(x)); }
};

/// Softmax along an axis; see xgrad::softmax. For a loss, leave it out and use cross_entropy.
template <class T = float>
class Softmax final : public Module<T> {
 public:
  explicit Softmax(int axis = -1) : axis_(axis) {}
  Variable<T> forward(Variable<T> x) override { return softmax(std::move(x), axis_); }

 private:
  int axis_;
};

/// The logarithm of softmax along an axis; see xgrad::log_softmax.
template <class T = float>
class LogSoftmax final : public Module<T> {
 public:
  explicit LogSoftmax(int axis = -1) : axis_(axis) {}
  Variable<T> forward(Variable<T> x) override { return log_softmax(std::move(x), axis_); }

 private:
  int axis_;
};

}  // namespace xgrad::nn
