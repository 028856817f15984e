#pragma once

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// y = x w^T + b along the last axis: [..., in] to [..., out]; see xgrad::linear.
template <class T = float>
class Linear final : public Module<T> {
 public:
  /// Weight and bias start uniform in ±1/sqrt(in). Throws ValueError for a count below 1.
  Linear(Index in_features, Index out_features, bool with_bias = true);

  Variable<T> forward(Variable<T> x) override;

  const Variable<T> weight;  ///< [out, in]
  const Variable<T> bias;    ///< [out], or undefined
};

extern template class Linear<float>;
extern template class Linear<double>;

}  // namespace xgrad::nn
