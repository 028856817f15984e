#pragma once
// The shapes that problems on sequences have, one small recurrent model each. One in, one out needs
// no recurrence: that is models/lenet.
//
// Sequences of symbols are time-major ids [T, B]; `Layer` is nn::LSTM, nn::GRU or nn::RNN.

#include <algorithm>
#include <span>
#include <vector>

#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad::models {

/// The class with the largest logit of each row; logits [..., classes].
template <class T>
std::vector<std::int32_t> best_classes(const Tensor<T>& logits) {
  const Index classes = logits.shape(-1);
  std::vector<std::int32_t> best;
  for (const T* row = logits.data(); row != logits.data() + logits.size(); row += classes)
    best.push_back(static_cast<std::int32_t>(std::max_element(row, row + classes) - row));
  return best;
}

/// Fills the forget gates' biases (those in bias_ih) of every layer: a cell then starts with a
/// memory of about 1 + exp(bias) steps. At 0 it halves at every step, which leaves a millionth
/// after 20: too little to learn from. Gers et al., Neural Computation 2000; Jozefowicz et al.,
/// ICML 2015.
template <class T>
void set_forget_bias(nn::LSTM<T>& lstm, T bias) {
  const Index hidden = lstm.hidden_size();
  for (auto& [name, parameter] : lstm.named_parameters())
    if (name.starts_with("bias_ih")) parameter.value().slice(hidden, 2 * hidden).fill(bias);
}

/// Many to one: reads a whole sequence, and says from the last state what it was.
template <class T = float, template <class> class Layer = nn::LSTM>
class SequenceClassifier : public nn::Module<T> {
 public:
  SequenceClassifier(Index inputs, Index hidden, Index classes)
      : rnn(this->add("rnn", Layer<T>(inputs, hidden))),
        fc(this->add("fc", nn::Linear<T>(hidden, classes))) {}

  /// Vectors [T, B, inputs], or ids, to logits [B, classes].
  Variable<T> classify(const RecurrentInput<T>& sequence) {
    const Variable<T> last = rnn.forward(sequence, {}).state.h;  // [1, B, hidden]
    return fc(reshape(last, {last.shape(1), last.shape(2)}));
  }
  Variable<T> forward(Variable<T> x) override { return classify(x); }

  Layer<T>& rnn;
  nn::Linear<T>& fc;
};

/// Many to one: reads a 28x28 image row by row, top to bottom, as 28 steps of 28 pixels.
template <class T = float, template <class> class Layer = nn::LSTM>
class RowClassifier final : public SequenceClassifier<T, Layer> {
 public:
  explicit RowClassifier(Index hidden = 128, Index classes = 10)
      : SequenceClassifier<T, Layer>(28, hidden, classes) {}

  /// Images [N, 28, 28, 1] to logits [N, classes].
  Variable<T> forward(Variable<T> x) override {
    const Index n = x.shape(0);
    return this->classify(permute(reshape(x, {n, 28, 28}), {1, 0, 2}));  // [28, N, 28]
  }
};

/// Many to many, step by step: a label for every symbol, given those before it.
template <class T = float, template <class> class Layer = nn::LSTM>
class SequenceLabeller final : public nn::Module<T> {
 public:
  SequenceLabeller(Index symbols, Index hidden, Index classes)
      : rnn(this->add("rnn", Layer<T>(symbols, hidden))),
        fc(this->add("fc", nn::Linear<T>(hidden, classes))) {}

  /// Ids [T, B] to logits [T, B, classes].
  Variable<T> label(const IdSequence& symbols) { return fc(rnn.forward(symbols, {}).output); }

  Layer<T>& rnn;
  nn::Linear<T>& fc;
};

/// One to many: a label in, the sequence that belongs to it out. The label's embedding is the first
/// state; from then on the network reads its own last symbol.
template <class T = float>
class LabelToSequence final : public nn::Module<T> {
 public:
  LabelToSequence(Index labels, Index symbols, Index hidden)
      : start(this->add("start", nn::Embedding<T>(labels, hidden))),
        rnn(this->add("rnn", nn::GRU<T>(symbols + 1, hidden))),
        fc(this->add("fc", nn::Linear<T>(hidden, symbols))),
        begin_(static_cast<std::int32_t>(symbols)) {}

  /// For training: labels [B] and their sequences [T, B] to logits [T, B, symbols], each step given
  /// the true symbols before it.
  Variable<T> forced(std::span<const std::int32_t> labels, const IdSequence& sequences) {
    std::vector<std::int32_t> before(labels.size(), begin_);
    before.insert(before.end(), sequences.ids.begin(),
                  sequences.ids.end() - static_cast<std::ptrdiff_t>(labels.size()));
    const IdSequence read{before, sequences.steps, sequences.batch};
    return fc(rnn.forward(read, first_state(labels)).output);
  }

  /// Labels [B] to their likeliest symbols, step by step: ids [steps, B].
  std::vector<std::int32_t> decode(std::span<const std::int32_t> labels, Index steps) {
    const NoGrad no_grad;
    const auto batch = static_cast<Index>(labels.size());
    std::vector<std::int32_t> last(labels.size(), begin_), sequence;
    RecurrentState<T> state = first_state(labels);
    for (Index t = 0; t < steps; ++t) {
      auto [output, next] = rnn.forward(IdSequence{last, 1, batch}, state);
      last = best_classes(fc(output).value());
      sequence.insert(sequence.end(), last.begin(), last.end());
      state = next;
    }
    return sequence;
  }

  nn::Embedding<T>& start;
  nn::GRU<T>& rnn;
  nn::Linear<T>& fc;

 private:
  RecurrentState<T> first_state(std::span<const std::int32_t> labels) {
    return {start(labels, Shape{1, static_cast<Index>(labels.size())}), {}};  // [1, B, hidden]
  }

  std::int32_t begin_;  // read at the first step, where there is no symbol before
};

}  // namespace xgrad::models
