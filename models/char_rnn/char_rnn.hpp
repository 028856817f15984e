#pragma once
// A language model of characters: recurrent layers over character ids, and a linear layer that
// scores what comes next.

#include <stdexcept>

#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad::models {

enum class CharCell { rnn, lstm, gru };

struct CharRnnOptions {
  CharCell cell = CharCell::lstm;
  Index hidden = 128;
  Index layers = 1;
  double dropout = 0;  ///< on the output of every layer, in training
};

template <class T = float>
class CharRnn : public nn::Module<T> {
 public:
  struct Result {
    Variable<T> logits{};       ///< [T*B, V]: of the character after each
    RecurrentState<T> state{};  ///< [layers, B, H], to go on from
  };

  /// `vocabulary` is V, the number of different characters.
  explicit CharRnn(Index vocabulary, const CharRnnOptions& options = {})
      : recurrent(add_recurrent(vocabulary, options)),
        head(this->add("head", nn::Linear<T>(options.hidden, vocabulary))),
        dropout_(options.dropout) {}

  /// Characters [T, B], from a state (undefined: zeros). Throws as nn::Recurrent does.
  Result forward(const IdSequence& characters, const RecurrentState<T>& state) {
    auto [output, next] = recurrent.forward(characters, state);  // [T, B, H]
    output = reshape(std::move(output), {-1, recurrent.hidden_size()});
    return {head(dropout(std::move(output), dropout_, this->is_training())), next};
  }
  using nn::Module<T>::forward;

  nn::Recurrent<T>& recurrent;
  nn::Linear<T>& head;

 private:
  nn::Recurrent<T>& add_recurrent(Index vocabulary, const CharRnnOptions& o) {
    const nn::StackOptions stack{.num_layers = o.layers, .dropout = o.dropout};
    switch (o.cell) {
      case CharCell::lstm:
        return this->add("lstm", nn::LSTM<T>(vocabulary, o.hidden, stack));
      case CharCell::gru:
        return this->add("gru", nn::GRU<T>(vocabulary, o.hidden, stack));
      case CharCell::rnn:
        break;
    }
    return this->add(
        "rnn", nn::RNN<T>(vocabulary, o.hidden, {.num_layers = o.layers, .dropout = o.dropout}));
  }

  double dropout_;
};

}  // namespace xgrad::models
