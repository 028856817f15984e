#include "tools/xgrad/text_run.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include <datasets/text_streams.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/loss.hpp>

#include "tools/xgrad/ranks.hpp"

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
          {"clip", config.clip},
          {"sample_length", config.sample_length},
          {"probe_steps", config.probe_steps},
          {"precision", config.precision},
          {"ema", config.ema},
          {"accumulate", config.accumulate},
          {"patience", config.patience}};
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
  config.sample_length = json.value("sample_length", config.sample_length);
  config.probe_steps = json.value("probe_steps", config.probe_steps);
  config.precision = json.value("precision", config.precision);  // older runs do not say
  config.ema = json.value("ema", config.ema);
  config.accumulate = json.value("accumulate", config.accumulate);
  config.patience = json.value("patience", config.patience);
  return config;
}

datasets::Text text_of(const TextRunConfig& config, const std::optional<std::string>& file) {
  // The default text is several files; they are found again as they were the first time.
  const auto path = file                                     ? file
                    : std::filesystem::exists(config.source) ? std::optional(config.source)
                                                             : std::nullopt;
  return datasets::find_text(path, config.vocabulary.unit());
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
  datasets::TextScan scan(ids, {.batch_size = config.batch_size,
                                .seq_len = 256,
                                .rank = ranks().rank(),
                                .ranks = ranks().size()});
  RecurrentState<float> state;
  double loss = 0;
  for (Index i = 0; i < scan.windows(); ++i) {
    const datasets::TextWindow& window = scan.window(i);
    if (window.predictions == 0) continue;  // a rank may have no stream, or only longer ones go on
    auto result = model.forward({window.ids, window.steps, window.batch}, state);
    state = result.state;
    loss += static_cast<double>(window.predictions) *
            cross_entropy(result.logits, window.targets).item();
  }
  loss = ranks().sum(loss);
  model.train(was_training);
  if (!std::isfinite(loss))
    throw NumericError(
        fmt::format("the loss on the text is {}: the model's weights are spoilt; train "
                    "again, with a smaller --lr",
                    loss));
  return loss / static_cast<double>(scan.predictions());
}

train::RecurrentProbe probe(models::CharRnn<float>& model, std::span<const std::int32_t> ids,
                            const TextRunConfig& config, Index steps, const std::string& label) {
  const Index most = static_cast<Index>(ids.size()) / (steps + 1);
  const Index batch = std::min(config.batch_size, std::max<Index>(most, 1));
  datasets::TextStreams streams(ids, {.batch_size = batch, .seq_len = steps});
  const datasets::TextWindow& window = streams.next();
  const auto at = [&](const std::vector<std::int32_t>& all, Index t) {
    return std::span(all).subspan(static_cast<std::size_t>(t * batch),
                                  static_cast<std::size_t>(batch));
  };
  const train::RecurrentTask<float> task{
      [&](Index t) {
        return IdSequence{at(window.ids, t), 1, batch};
      },
      [&](Index t, const Variable<float>& output) {
        const auto logits = model.head(reshape(output, {batch, -1}));
        return cross_entropy(logits, at(window.targets, t));
      }};
  train::RecurrentProbeOptions<float> options{.steps = steps, .label = label};
  options.parameters = model.head.parameters();
  return train::probe_recurrence<float>(model.recurrent, task, {}, batch, options);
}

}  // namespace xgrad::command
