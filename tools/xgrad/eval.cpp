// xgrad eval: measures the weights of a run, on its test images or its validation text.

#include <numbers>
#include <optional>

#include <xgrad/core/error.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/image_run.hpp"
#include "tools/xgrad/run_folder.hpp"
#include "tools/xgrad/text_run.hpp"

namespace xgrad::command {
namespace {

struct EvalOptions {
  std::string run{};
  std::optional<std::string> data{};
};

int evaluate_images(const EvalOptions& options, const nlohmann::json& json,
                    const CommonOptions& common) {
  const auto config = read_config<ImageRunConfig>(options.run, json, image_run_config);
  const auto model = make_model(config);
  load_weights(options.run, *model);
  const datasets::ImageData data = images_of(config, options.data);
  check_images(data, config);
  const Evaluation test = evaluate(*model, data.test, config.mean, config.deviation);
  if (common.json)
    print_json({{"test_accuracy", test.accuracy},
                {"test_loss", test.loss},
                {"images", data.test.count},
                {"dataset", data.name},
                {"source", data.source},
                {"model", config.model},
                {"parameters", model->parameter_count()}});
  else
    print("{}: test accuracy {:.2f} %, test loss {:.4f} on {} images\n", data.name, test.accuracy,
          test.loss, data.test.count);
  return 0;
}

int evaluate_text(const EvalOptions& options, const nlohmann::json& json,
                  const CommonOptions& common) {
  const auto config = read_config<TextRunConfig>(options.run, json, text_run_config);
  const auto model = make_model(config);
  load_weights(options.run, *model);
  const datasets::Text text = text_of(config, options.data);
  const auto ids = config.vocabulary.encode(text.bytes, text.name);
  const auto validation = datasets::split_text(ids).validation;
  const double loss = evaluate(*model, validation, config);
  if (common.json)
    print_json({{"val_loss_nats", loss},
                {"val_bits_per_char", loss / std::numbers::ln2},
                {"characters", validation.size()},
                {"text", text.name},
                {"source", text.source},
                {"cell", config.cell},
                {"parameters", model->parameter_count()}});
  else
    print("{}: loss {:.4f} nats, {:.4f} bits per character on the last {} characters\n", text.name,
          loss, loss / std::numbers::ln2, validation.size());
  return 0;
}

int run(const EvalOptions& options, const CommonOptions& common) {
  const nlohmann::json json = load_config(options.run);
  const auto kind = json.at("kind").get<std::string>();
  if (kind == ImageRunConfig::kind) return evaluate_images(options, json, common);
  if (kind == TextRunConfig::kind) return evaluate_text(options, json, common);
  throw IoError(
      fmt::format("{}: a run of kind \"{}\" is not known to this version", options.run, kind));
}

}  // namespace

void add_eval(CLI::App& app, Session& session) {
  const auto options = std::make_shared<EvalOptions>();
  CLI::App* const verb =
      add_verb(app, session, "eval", "Measure the weights of a run on its test data",
               [options](const CommonOptions& common) { return run(*options, common); });
  verb->add_option("run", options->run, "Folder that train --out wrote")
      ->required()
      ->type_name("RUN");
  verb->add_option("--data", options->data,
                   "Folder of the images' files, or the text (default: as in training)")
      ->type_name("PATH");
}

}  // namespace xgrad::command
