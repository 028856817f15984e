#pragma once

#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;    ///< of the running mean of the gradient, in [0, 1)
  double beta2 = 0.999;  ///< of the running mean of its square, in [0, 1)
  double eps = 1e-8;
  double weight_decay = 0;  ///< L2 penalty: adds weight_decay * p to the gradient
};

/// Adam as in PyTorch (Kingma and Ba, ICLR 2015, algorithm 1): with step t counted from 1,
///   m = beta1 m + (1 - beta1) g;  s = beta2 s + (1 - beta2) g^2;
///   p -= lr m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + eps)
template <class T = float>
class Adam : public Optimizer<T> {
 public:
  /// Throws ValueError: see add_group.
  explicit Adam(std::vector<Variable<T>> parameters, AdamOptions options = {});

  /// More parameters, with options of their own. Throws ValueError for options outside their range
  /// and parameters that Optimizer::add_parameters rejects.
  void add_group(std::vector<Variable<T>> parameters, AdamOptions options);

 protected:
  /// Decoupled: weight decay acts on the parameter and not through the gradient.
  Adam(const OptimizerInfo& info, bool decoupled);

 private:
  using typename Optimizer<T>::Slot;
  bool keeps_state(std::size_t) const override { return true; }
  void update(std::size_t group, double lr, Slot& slot) override;

  bool decoupled_;
  std::vector<AdamOptions> options_;  // by group
};

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;  ///< subtracts lr * weight_decay * p from p before the step
};

/// Adam with decoupled weight decay as in PyTorch (Loshchilov and Hutter, ICLR 2019, algorithm 2).
template <class T = float>
class AdamW final : public Adam<T> {
 public:
  /// Throws ValueError: see Adam::add_group.
  explicit AdamW(std::vector<Variable<T>> parameters, AdamWOptions options = {});
  void add_group(std::vector<Variable<T>> parameters, AdamWOptions options);
};

extern template class Adam<float>;
extern template class Adam<double>;
extern template class AdamW<float>;
extern template class AdamW<double>;

}  // namespace xgrad::optim
