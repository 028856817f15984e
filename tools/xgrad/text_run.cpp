#include "tools/xgrad/text_run.hpp"

#include <fmt/format.h>

#include <datasets/text_streams.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/loss.hpp>

namespace xgrad::command {
namespace {

models::CharCell cell_of(const std::string& name) {
  if (name == "rnn") return models::CharCell::rnn;
  if (name == "lstm") return models::CharCell::lstm;
  if (name == "gru") return models::CharCell::gru;
  throw ValueError(fmt::format("there is no cell '{}'; the cells are: rnn, lstm, gru", name));
}

}  // namespace

nlohmann::ordered_json to_json(const TextRunConfig& config) {
  return {{"kind", TextRunConfig::kind},
          {"text", config.text},
          {"source", config.source},
          {"unit", datasets::to_string(config.vocabulary.unit())},
          {"symbols", config.vocabulary.symbols()},
          {"cell", config.cell},
          {"hidden", config.hidden},
          {"layers", config.layers},
          {"dropout", config.dropout},
          {"seq_len", config.seq_len},
          {"batch_size", config.batch_size},
          {"seed", config.seed},
          {"epochs", config.epochs},
          {"optimizer", config.optimizer},
          {"schedule", config.schedule},
          {"lr", config.lr},
          {"clip", config.clip}};
}

TextRunConfig text_run_config(const nlohmann::json& json) {
  TextRunConfig config;
  json.at("text").get_to(config.text);
  json.at("source").get_to(config.source);
  config.vocabulary = datasets::Vocabulary(datasets::text_unit(json.at("unit").get<std::string>()),
                                           json.at("symbols").get<std::vector<std::uint32_t>>());
  json.at("cell").get_to(config.cell);
  json.at("hidden").get_to(config.hidden);
  json.at("layers").get_to(config.layers);
  json.at("dropout").get_to(config.dropout);
  json.at("seq_len").get_to(config.seq_len);
  json.at("batch_size").get_to(config.batch_size);
  json.at("seed").get_to(config.seed);
  json.at("epochs").get_to(config.epochs);
  json.at("optimizer").get_to(config.optimizer);
  json.at("schedule").get_to(config.schedule);
  json.at("lr").get_to(config.lr);
  json.at("clip").get_to(config.clip);
  return config;
}

std::unique_ptr<models::CharRnn<float>> make_model(const TextRunConfig& config) {
  return std::make_unique<models::CharRnn<float>>(
      config.vocabulary.size(), models::CharRnnOptions{.cell = cell_of(config.cell),
                                                       .hidden = config.hidden,
                                                       .layers = config.layers,
                                                       .dropout = config.dropout});
}

double evaluate(models::CharRnn<float>& model, std::span<const std::int32_t> ids,
                const TextRunConfig& config) {
  const NoGrad no_grad;
  const bool was_training = model.is_training();
  model.eval();
  datasets::TextScan scan(ids, {.batch_size = config.batch_size, .seq_len = 256});
  RecurrentState<float> state;
  double loss = 0;
  for (Index i = 0; i < scan.windows(); ++i) {
    const datasets::TextWindow& window = scan.window(i);
    auto result = model.forward({window.ids, window.steps, window.batch}, state);
    state = result.state;
    loss += static_cast<double>(window.predictions) *
            cross_entropy(result.logits, window.targets).item();
  }
  model.train(was_training);
  return loss / static_cast<double>(scan.predictions());
}

}  // namespace xgrad::command
