#include "tools/xgrad/image_run.hpp"

#include <algorithm>
#include <fstream>

#include <models/lenet/lenet.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/io/atomic_file.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/ops/loss.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace xgrad::command {
namespace {

constexpr const char* kind = "image classifier";
constexpr const char* config_name = "config.json";
constexpr const char* weights_name = "model.safetensors";

template <class M>
std::unique_ptr<nn::Module<float>> make() {
  return std::make_unique<M>();
}

nlohmann::ordered_json to_json(const ImageRunConfig& config) {
  return {{"kind", kind},
          {"model", config.model},
          {"dataset", config.dataset},
          {"source", config.source},
          {"seed", config.seed},
          {"epochs", config.epochs},
          {"batch_size", config.batch_size},
          {"lr", config.lr},
          {"momentum", config.momentum},
          {"weight_decay", config.weight_decay},
          {"augment", config.augment},
          {"mean", config.mean},
          {"deviation", config.deviation}};
}

ImageRunConfig from_json(const nlohmann::json& json) {
  if (json.at("kind") != kind) throw ValueError(fmt::format("\"kind\" is not \"{}\"", kind));
  ImageRunConfig config;
  json.at("model").get_to(config.model);
  json.at("dataset").get_to(config.dataset);
  json.at("source").get_to(config.source);
  json.at("seed").get_to(config.seed);
  json.at("epochs").get_to(config.epochs);
  json.at("batch_size").get_to(config.batch_size);
  json.at("lr").get_to(config.lr);
  json.at("momentum").get_to(config.momentum);
  json.at("weight_decay").get_to(config.weight_decay);
  json.at("augment").get_to(config.augment);
  json.at("mean").get_to(config.mean);
  json.at("deviation").get_to(config.deviation);
  return config;
}

}  // namespace

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names{"lenet", "lenet5"};
  return names;
}

std::unique_ptr<nn::Module<float>> make_model(const std::string& name) {
  if (name == "lenet") return make<models::LeNet<float>>();
  if (name == "lenet5") return make<models::LeNet5<float>>();
  throw ValueError(fmt::format("there is no model '{}'; the models are: {}", name,
                               fmt::join(model_names(), ", ")));
}

void prepare_run(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw IoError(fmt::format("{}: the run's folder cannot be made: {}: choose another --out",
                              folder.string(), error.message()));
  const io::AtomicFile probe(folder / config_name);  // removed again, since it is not committed
}

void save_run(const std::filesystem::path& folder, const ImageRunConfig& config,
              const nn::Module<float>& model) {
  io::save_safetensors(folder / weights_name, model.state_dict());
  const std::string text = to_json(config).dump(2) + "\n";
  io::AtomicFile file(folder / config_name);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

ImageRun load_run(const std::filesystem::path& folder) {
  const auto path = folder / config_name;
  std::ifstream file(path);
  if (!file)
    throw IoError(
        fmt::format("{}: cannot be read: is {} the folder that was given to "
                    "xgrad train mnist --out?",
                    path.string(), folder.string()));
  ImageRun run;
  try {
    run.config = from_json(nlohmann::json::parse(file));
    run.model = make_model(run.config.model);
  } catch (const std::exception& error) {
    throw IoError(fmt::format("{}: not the configuration of an image classifier: {}", path.string(),
                              error.what()));
  }
  const auto weights = folder / weights_name;
  try {
    run.model->load_state_dict(io::load_safetensors<float>(weights));
  } catch (const ValueError& error) {
    throw IoError(fmt::format("{}: does not fit model {}: {}", weights.string(), run.config.model,
                              error.what()));
  }
  return run;
}

Evaluation evaluate(nn::Module<float>& model, const datasets::ImageSet& images, float mean,
                    float deviation) {
  const NoGrad no_grad;
  const bool was_training = model.is_training();
  model.eval();
  datasets::Loader loader(
      images, {.batch_size = 256, .shuffle = false, .mean = mean, .deviation = deviation});
  Index right = 0;
  double loss = 0;
  for (const auto& batch : loader.epoch(0)) {
    const Variable<float> logits = model(Variable<float>(batch.images));
    const auto rows = static_cast<Index>(batch.labels.size());
    loss += static_cast<double>(rows) * cross_entropy(logits, batch.labels).item();
    const Index classes = logits.shape(-1);
    const float* row = logits.value().data();
    for (Index i = 0; i < rows; ++i, row += classes)
      right +=
          std::max_element(row, row + classes) - row == batch.labels[static_cast<std::size_t>(i)];
  }
  model.train(was_training);
  const auto count = static_cast<double>(images.count);
  return {100.0 * static_cast<double>(right) / count, loss / count};
}

}  // namespace xgrad::command
