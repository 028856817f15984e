// xgrad export: writes the model of a run for other programs.

#include <filesystem>
#include <optional>

#include <xgrad/core/error.hpp>
#include <xgrad/io/onnx.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/image_run.hpp"
#include "tools/xgrad/image_task.hpp"
#include "tools/xgrad/run_folder.hpp"

namespace xgrad::command {
namespace {

struct ExportOptions {
  std::string run{};
  std::optional<std::string> output{};
};

std::string listed(const datasets::PerChannel& values) {
  return fmt::format("{}", fmt::join(values.values(), ", "));
}

// Whoever gets the file needs to know what to feed it with, and what comes out.
io::OnnxOptions describe(const ImageRunConfig& config, const ImageTask& task) {
  const std::string mean = listed(config.mean), deviation = listed(config.deviation);
  return {.input_name = "input",
          .output_name = "logits",
          .graph_name = config.model,
          .description = fmt::format(
              "{}, trained on {} by xgrad {}. Input: {} images of {}x{} pixels from 0 to 1, less {} "
              "and divided by {}{}. Output: a logit for each of the classes {}.",
              config.model, config.dataset, XGRAD_VERSION, task.channels == 1 ? "grey" : "RGB",
              task.side, task.side, mean, deviation, task.channels == 1 ? "" : " by channel",
              fmt::join(config.classes, ", ")),
          .metadata = {{"mean", mean},
                       {"deviation", deviation},
                       {"classes", nlohmann::json(config.classes).dump()},
                       {"dataset", config.dataset}}};
}

int run(const ExportOptions& options, const CommonOptions& common) {
  const nlohmann::json json = load_config(options.run);
  if (const auto kind = json.at("kind").get<std::string>(); kind != ImageRunConfig::kind)
    throw IoError(
        fmt::format("{}: holds a run of kind \"{}\"; only an {} can be exported to ONNX. The weights "
                    "are in its model.safetensors",
                    options.run, kind, ImageRunConfig::kind));
  const auto config = read_config<ImageRunConfig>(options.run, json, image_run_config);
  const auto model = make_model(config);
  load_weights(options.run, *model);
  const std::filesystem::path path = options.output.value_or(
      (std::filesystem::path(options.run) / "model.onnx").string());
  const ImageTask& task = image_task(config.task);
  const io::OnnxSummary summary =
      io::export_onnx(path, *model, Tensor<float>(Shape{1, task.side, task.side, task.channels}),
                      describe(config, task));
  if (common.json)
    print_json({{"file", path.string()},
                {"model", config.model},
                {"opset", summary.opset},
                {"nodes", summary.nodes},
                {"input", summary.input},
                {"output", summary.output}});
  else
    print("{}: {} nodes, operator set {}; input {}, logits {}\n", path.string(), summary.nodes,
          summary.opset, summary.input, summary.output);
  return 0;
}

}  // namespace

void add_export(CLI::App& app, Session& session) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* const verb =
      add_verb(app, session, "export", "Write the model of a run in the ONNX format",
               [options](const CommonOptions& common) { return run(*options, common); });
  verb->add_option("run", options->run, "Folder of a training on images")
      ->required()
      ->type_name("RUN");
  verb->add_option("-o,--output", options->output, "The file (default: model.onnx in the run's folder)")
      ->type_name("FILE.onnx");
}

}  // namespace xgrad::command
