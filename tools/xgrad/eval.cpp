// xgrad eval: measures the weights of a run on the test set.

#include <optional>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/image_run.hpp"

namespace xgrad::command {
namespace {

struct EvalOptions {
  std::string run{};
  std::optional<std::string> data{};
};

// The data that a run was trained on, unless another folder is given.
datasets::Mnist data_of(const ImageRunConfig& config, const std::optional<std::string>& folder) {
  if (!folder && config.dataset == datasets::synthetic_name) return datasets::synthetic_mnist();
  return datasets::find_mnist(folder.value_or(config.source));
}

int run(const EvalOptions& options, const CommonOptions& common) {
  const ImageRun image_run = load_run(options.run);
  const ImageRunConfig& config = image_run.config;
  const datasets::Mnist mnist = data_of(config, options.data);
  const Evaluation test = evaluate(*image_run.model, mnist.test, config.mean, config.deviation);
  if (common.json)
    print_json({{"test_accuracy", test.accuracy},
                {"test_loss", test.loss},
                {"images", mnist.test.count},
                {"dataset", mnist.name},
                {"source", mnist.source},
                {"model", config.model},
                {"parameters", image_run.model->parameter_count()}});
  else
    print("{}: test accuracy {:.2f} %, test loss {:.4f} on {} images\n", mnist.name, test.accuracy,
          test.loss, mnist.test.count);
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, Session& session) {
  const auto options = std::make_shared<EvalOptions>();
  CLI::App* const verb =
      add_verb(app, session, "eval", "Measure the weights of a run on its test set",
               [options](const CommonOptions& common) { return run(*options, common); });
  verb->add_option("run", options->run, "Folder that train --out wrote")
      ->required()
      ->type_name("RUN");
  verb->add_option("--data", options->data, "Folder of the IDX files (default: as in training)")
      ->type_name("DIR");
}

}  // namespace xgrad::command
