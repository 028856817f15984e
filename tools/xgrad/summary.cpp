// xgrad summary: the ops of a model with their shapes, its parameters, and the memory of a training
// step.

#include <xgrad/nn/summary.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/recorded_models.hpp"

namespace xgrad::command {
namespace {

struct SummaryOptions {
  std::string model{};
  InputSize input{.batch = 64, .steps = 50};
};

nlohmann::ordered_json to_json(const nn::Summary& summary) {
  auto rows = nlohmann::ordered_json::array();
  for (const nn::Summary::Row& row : summary.rows) {
    auto outputs = nlohmann::ordered_json::array();
    for (const Shape& shape : row.outputs)
      outputs.push_back(std::vector<Index>(shape.begin(), shape.end()));
    rows.push_back({{"module", row.module},
                    {"op", row.op},
                    {"outputs", outputs},
                    {"parameters", row.parameters}});
  }
  return {{"parameters", summary.parameters},
          {"parameter_bytes", summary.parameter_bytes},
          {"buffer_bytes", summary.buffer_bytes},
          {"saved_bytes", summary.saved_bytes},
          {"peak_bytes", summary.peak_bytes},
          {"unused_parameters", summary.unused_parameters},
          {"ops", rows}};
}

int run(const SummaryOptions& options, const CommonOptions& common) {
  const RecordedModel model = make_recorded_model(options.model, options.input);
  const nn::Summary summary = nn::summarize<float>(*model.module, model.loss);
  if (common.json)
    print_json(to_json(summary));
  else
    write_output(summary.to_string());
  return 0;
}

}  // namespace

void add_summary(CLI::App& app, Session& session) {
  const auto options = std::make_shared<SummaryOptions>();
  CLI::App* const verb = add_verb(
      app, session, "summary", "List the ops of a model, its parameters and the memory of a step",
      [options](const CommonOptions& common) { return run(*options, common); });
  add_recorded_model(*verb, options->model, options->input);
}

}  // namespace xgrad::command
