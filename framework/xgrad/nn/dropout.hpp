#pragma once

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// In training, sets elements to zero with probability p and scales the others by 1 / (1 - p); in
/// evaluation changes nothing. See xgrad::dropout.
template <class T = float>
class Dropout final : public Module<T> {
 public:
  /// Throws ValueError unless 0 <= p < 1.
  explicit Dropout(double p = 0.5);
  Variable<T> forward(Variable<T> x) override;

 private:
  double p_;
};

extern template class Dropout<float>;
extern template class Dropout<double>;

}  // namespace xgrad::nn
