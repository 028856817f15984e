#pragma once

#include <functional>
#include <utility>

#include <xgrad/nn/init.hpp>
#include <xgrad/nn/module.hpp>

/// A module that applies a function to itself and its input. Layers are added to it from outside.
class Applied final : public xgrad::nn::Module<float> {
 public:
  using Function = std::function<xgrad::Variable<float>(Applied&, xgrad::Variable<float>)>;
  explicit Applied(Function function) : function_(std::move(function)) {}
  xgrad::Variable<float> forward(xgrad::Variable<float> x) override {
    return function_(*this, std::move(x));
  }
  /// The i-th layer, applied.
  xgrad::Variable<float> layer(std::size_t i, xgrad::Variable<float> x) {
    return children()[i].module->forward(std::move(x));
  }
  /// The i-th parameter.
  xgrad::Variable<float> parameter_at(std::size_t i) const { return parameters().at(i); }
  using Module<float>::add;
  using Module<float>::buffer;
  using Module<float>::parameter;

 private:
  Function function_;
};

inline xgrad::Tensor<float> random_tensor(const xgrad::Shape& shape) {
  xgrad::Tensor<float> tensor(shape);
  xgrad::nn::init::normal(tensor);
  return tensor;
}
