#pragma once
// Stacks of recurrent layers, in one direction or both.

#include <vector>

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/recurrent.hpp>
#include <xgrad/ops/recurrent_cells.hpp>

namespace xgrad::nn {

struct StackOptions {
  Index num_layers = 1;
  bool bias = true;
  double dropout = 0;  ///< on the output of every layer but the last, in training
  bool bidirectional = false;
};

struct RNNOptions {
  Index num_layers = 1;
  bool bias = true;
  double dropout = 0;
  bool bidirectional = false;
  RnnNonlinearity nonlinearity = RnnNonlinearity::tanh;
};

/// What RNN, LSTM and GRU share. Parameters, in PyTorch's names: weight_ih_l0 [G*H, I],
/// weight_hh_l0 [G*H, H], bias_ih_l0 and bias_hh_l0 [G*H], the same with "_reverse" for the other
/// direction, and with l1, l2 ... for further layers, whose inputs are the D*H outputs of the one
/// below (D: 1, or 2 with both directions). All start uniform in ±1/sqrt(H).
template <class T = float>
class Recurrent : public Module<T> {
 public:
  /// The output alone, from zeros: [T, B, I] to [T, B, D*H].
  Variable<T> forward(Variable<T> x) override;

  /// x [T, B, I] or characters; state h (and c) [layers * D, B, H], layer by layer, undefined for
  /// zeros; `lengths` as in xgrad::RecurrentOptions. Returns the output [T, B, D*H] of the last
  /// layer and the final state of all. Throws as the ops do, and ShapeError for a state of another
  /// shape.
  RecurrentResult<T> forward(const RecurrentInput<T>& x, const RecurrentState<T>& state,
                             const std::vector<std::int32_t>& lengths = {});

  /// Layer `i` of the stack alone, forwards in time and without dropout: its output [T, B, H] and
  /// its state h (and c) [B, H]. Throws ValueError for a layer that does not exist.
  RecurrentResult<T> forward_layer(Index i, const RecurrentInput<T>& x,
                                   const RecurrentState<T>& state) const;

  Index input_size() const { return input_size_; }
  Index hidden_size() const { return hidden_size_; }
  const StackOptions& options() const { return options_; }

 protected:
  /// The op of one layer in one direction.
  using Layer = RecurrentResult<T> (*)(const RecurrentInput<T>&, const RecurrentState<T>&,
                                       const RecurrentWeights<T>&, const RecurrentOptions&);
  /// Throws ValueError, naming `name`, for sizes or layers below 1 and a dropout outside [0, 1).
  Recurrent(const char* name, Layer layer, Index gates, Index input_size, Index hidden_size,
            const StackOptions& options);

 private:
  void check_state(const char* which, const Variable<T>& state, Index batch) const;

  const char* name_;
  Layer layer_;
  Index input_size_, hidden_size_;
  StackOptions options_;
  std::vector<RecurrentWeights<T>> weights_;  // by layer, then direction
};

/// Elman's network: see rnn_tanh and rnn_relu.
template <class T = float>
class RNN final : public Recurrent<T> {
 public:
  RNN(Index input_size, Index hidden_size, const RNNOptions& options = {});
};

/// Long short-term memory: see lstm. Its state has h and c.
template <class T = float>
class LSTM final : public Recurrent<T> {
 public:
  LSTM(Index input_size, Index hidden_size, const StackOptions& options = {});
};

/// Gated recurrent unit: see gru.
template <class T = float>
class GRU final : public Recurrent<T> {
 public:
  GRU(Index input_size, Index hidden_size, const StackOptions& options = {});
};

extern template class Recurrent<float>;
extern template class Recurrent<double>;
extern template class RNN<float>;
extern template class RNN<double>;
extern template class LSTM<float>;
extern template class LSTM<double>;
extern template class GRU<float>;
extern template class GRU<double>;

}  // namespace xgrad::nn
