#pragma once

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// In which order the pixels and channels of an image become one vector.
enum class FlattenOrder {
  channels_last,   ///< as they lie in memory, which costs nothing
  channels_first,  ///< as PyTorch's channels-first images, so that the weights of a layer on top
                   ///< fit
};

/// Keeps the batch and merges the other axes: [N, H, W, C] to [N, H*W*C].
template <class T = float>
class Flatten final : public Module<T> {
 public:
  explicit Flatten(FlattenOrder order = FlattenOrder::channels_last) : order_(order) {}
  /// Throws ShapeError for an input without axes.
  Variable<T> forward(Variable<T> x) override;

 private:
  FlattenOrder order_;
};

extern template class Flatten<float>;
extern template class Flatten<double>;

}  // namespace xgrad::nn
