#pragma once

#include <string>
#include <string_view>

#include <datasets/text.hpp>
#include <models/char_rnn/char_rnn.hpp>
#include <models/char_rnn/sampling.hpp>
#include <xgrad/autograd/no_grad.hpp>

namespace xgrad::command {

/// Writes on, one character at a time. The model is put in evaluation mode while it is asked and
/// carries its state from one character to the next.
class Sampler {
 public:
  /// Begins after a line break, if the vocabulary has one, else after its first character; or after
  /// what prime() reads.
  Sampler(models::CharRnn<float>& model, const datasets::Vocabulary& vocabulary,
          const models::SamplingOptions& options, RandomStream& random)
      : model_(model), vocabulary_(vocabulary), options_(options), random_(random) {
    const auto& symbols = vocabulary.symbols();
    const auto line_break = std::find(symbols.begin(), symbols.end(), std::uint32_t{'\n'});
    last_ =
        line_break == symbols.end() ? 0 : static_cast<std::int32_t>(line_break - symbols.begin());
  }

  /// Reads a text to go on from. Throws ValueError for a character that the model does not know.
  void prime(std::string_view text) {
    for (const std::int32_t id : vocabulary_.encode(text, "--prime")) {
      read();
      last_ = id;
    }
  }

  /// The bytes of the next character.
  std::string next() {
    const Tensor<float> logits = read();
    last_ = models::sample(logits.values(), options_, random_);
    return vocabulary_.decode(last_);
  }

 private:
  // Reads the last character and scores what follows.
  Tensor<float> read() {
    const NoGrad no_grad;
    const bool was_training = model_.is_training();
    model_.eval();
    auto result = model_.forward({{&last_, 1}, 1, 1}, state_);
    model_.train(was_training);
    state_ = result.state;
    return result.logits.value();
  }

  models::CharRnn<float>& model_;
  const datasets::Vocabulary& vocabulary_;
  models::SamplingOptions options_;
  RandomStream& random_;
  RecurrentState<float> state_{};
  std::int32_t last_ = 0;
};

}  // namespace xgrad::command
