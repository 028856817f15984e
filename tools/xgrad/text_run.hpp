#pragma once
// What training, evaluating and sampling a character model share.

#include <memory>
#include <optional>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

#include <datasets/text.hpp>
#include <models/char_rnn/char_rnn.hpp>
#include <xgrad/train/recurrent_probe.hpp>

namespace xgrad::command {

/// What a run was made with: as much as is needed to use its weights again, and to repeat it.
struct TextRunConfig {
  static constexpr const char* kind = "character model";

  std::string text{};    ///< "tinyshakespeare"
  std::string source{};  ///< the file that it was read from
  datasets::Vocabulary vocabulary{};
  std::string cell = "lstm";
  Index hidden = 128, layers = 1;
  double dropout = 0;
  Index seq_len = 50, batch_size = 32;
  std::uint64_t seed = 0;
  Index epochs = 0;
  std::string optimizer = "adam";
  std::string schedule = "one-cycle";
  double lr = 0, clip = 0;
  Index sample_length = 200;  ///< characters to show after each epoch
  Index probe_steps = 0;      ///< steps to measure the gradients through, after each epoch; 0: none
  std::string precision = "fp32";  ///< of products: or "bf16"
  double ema = 0;  ///< decay of the weights' average, which is what is measured and saved; 0: none
  Index accumulate = 1;  ///< windows per step of the optimizer
  Index patience = 0;    ///< epochs without a lower validation loss that end training; 0: any
};

nlohmann::ordered_json to_json(const TextRunConfig& config);
/// Throws ValueError or a json exception for what is no such configuration.
TextRunConfig text_run_config(const nlohmann::json& json);

/// The text that a run was trained on, unless another file is given.
datasets::Text text_of(const TextRunConfig& config, const std::optional<std::string>& file);

/// A new model, with initial weights drawn from the library's stream.
std::unique_ptr<models::CharRnn<float>> make_model(const TextRunConfig& config);

/// Mean cross entropy in nats per character over all of `ids`, read as datasets::TextScan does;
/// leaves the model's mode as it was. Ranks that train together share the work. Together.
double evaluate(models::CharRnn<float>& model, std::span<const std::int32_t> ids,
                const TextRunConfig& config);

/// How gradients flow back through `steps` characters at the begin of `ids`, read as several
/// streams (config.batch_size, or fewer where the text is short). Throws ValueError for a text that
/// is shorter than steps + 1.
train::RecurrentProbe probe(models::CharRnn<float>& model, std::span<const std::int32_t> ids,
                            const TextRunConfig& config, Index steps, const std::string& label);

}  // namespace xgrad::command
