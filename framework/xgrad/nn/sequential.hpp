#pragma once

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// Modules one after the other, named "0", "1", ...:
///
///     nn::Sequential<float> net(nn::Conv2d<float>(1, 6, 5), nn::Tanh<float>(),
///     nn::MaxPool2d<float>(2));
template <class T = float>
class Sequential final : public Module<T> {
 public:
  Sequential() = default;
  template <std::derived_from<Module<T>>... Modules>
  explicit Sequential(Modules... modules) {
    (append(std::move(modules)), ...);
  }

  /// Puts a module at the end and returns it, at its new place.
  template <std::derived_from<Module<T>> M>
  M& append(M module) {
    return this->add(std::to_string(this->children().size()), std::move(module));
  }

  Variable<T> forward(Variable<T> x) override {
    for (const auto& child : this->children()) x = child.module->forward(std::move(x));
    return x;
  }
};

}  // namespace xgrad::nn
