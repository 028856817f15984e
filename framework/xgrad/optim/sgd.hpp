#pragma once

#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  bool nesterov = false;    ///< needs momentum > 0
  double weight_decay = 0;  ///< L2 penalty: adds weight_decay * p to the gradient
};

/// Stochastic gradient descent as in PyTorch: g += weight_decay p; v = momentum v + g; p -= lr v.
/// With Nesterov's momentum p -= lr (g + momentum v) (Sutskever et al., "On the importance of
/// initialization and momentum in deep learning", ICML 2013, in PyTorch's form).
template <class T = float>
class SGD final : public Optimizer<T> {
 public:
  /// Throws ValueError: see add_group.
  explicit SGD(std::vector<Variable<T>> parameters, SGDOptions options = {});

  /// More parameters, with options of their own. Throws ValueError for options below 0, Nesterov
  /// without momentum, and parameters that Optimizer::add_parameters rejects.
  void add_group(std::vector<Variable<T>> parameters, SGDOptions options);

 private:
  using typename Optimizer<T>::Slot;
  bool keeps_state(std::size_t group) const override { return options_[group].momentum > 0; }
  void update(std::size_t group, double lr, Slot& slot) override;

  std::vector<SGDOptions> options_;  // by group
};

extern template class SGD<float>;
extern template class SGD<double>;

}  // namespace xgrad::optim
