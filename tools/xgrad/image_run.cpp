#include "tools/xgrad/image_run.hpp"

#include <algorithm>
#include <cmath>

#include <datasets/image_folder.hpp>
#include <datasets/mnist.hpp>
#include <datasets/synthetic_digits.hpp>
#include <models/cifar/cifar_cnn.hpp>
#include <models/lenet/lenet.hpp>
#include <models/sequence/sequence.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/loss.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/xgrad/image_task.hpp"

namespace xgrad::command {
namespace {

template <class M, class... Args>
std::unique_ptr<nn::Module<float>> make(Args... args) {
  return std::make_unique<M>(args...);
}

// One number for grey, as runs had it before there were colours; else one for each channel.
nlohmann::ordered_json to_json(const datasets::PerChannel& values) {
  if (values.values().size() == 1) return values[0];
  return values.values();
}

datasets::PerChannel per_channel(const nlohmann::json& json, const ImageRunConfig& config) {
  if (!json.is_array()) return json.get<float>();
  const auto values = json.get<std::vector<float>>();
  if (const Index channels = image_task(config.task).channels;
      static_cast<Index>(values.size()) != channels)
    throw ValueError(fmt::format("there are {} means or deviations for {} channels", values.size(),
                                 channels));
  return values;
}

}  // namespace

double validation_fraction(const ImageRunConfig& config) {
  if (config.validation > 0) return config.validation;
  return config.target_accuracy > 0 ? 1.0 / 6 : 0;
}

std::unique_ptr<nn::Module<float>> make_model(const ImageRunConfig& config) {
  const std::string& name = config.model;
  const auto classes = static_cast<Index>(config.classes.size());
  constexpr Index hidden = 128;
  if (name == "lenet") return make<models::LeNet<float>>(config.dropout, classes);
  if (name == "lenet_relu") return make<models::LeNetRelu<float>>(config.dropout, classes);
  if (name == "cifar_cnn") return make<models::CifarCnn<float>>(config.dropout, classes);
  if (config.dropout > 0)
    throw ValueError(
        fmt::format("the model {} has no dropout: leave --dropout out, or choose lenet", name));
  if (name == "lenet5") return make<models::LeNet5<float>>(classes);
  if (name == "rows_lstm") return make<models::RowClassifier<float, nn::LSTM>>(hidden, classes);
  if (name == "rows_gru") return make<models::RowClassifier<float, nn::GRU>>(hidden, classes);
  throw ValueError(fmt::format("there is no model '{}'; the models are: {}", name,
                               fmt::join(image_task(config.task).models, ", ")));
}

nlohmann::ordered_json to_json(const ImageRunConfig& config) {
  return {{"kind", ImageRunConfig::kind},
          {"task", config.task},
          {"model", config.model},
          {"dataset", config.dataset},
          {"source", config.source},
          {"classes", config.classes},
          {"seed", config.seed},
          {"epochs", config.epochs},
          {"batch_size", config.batch_size},
          {"lr", config.lr},
          {"momentum", config.momentum},
          {"weight_decay", config.weight_decay},
          {"dropout", config.dropout},
          {"augment", config.augment},
          {"label_smoothing", config.label_smoothing},
          {"ema", config.ema},
          {"target_accuracy", config.target_accuracy},
          {"accumulate", config.accumulate},
          {"patience", config.patience},
          {"validation", config.validation},
          {"precision", config.precision},
          {"sync_batch_norm", config.sync_batch_norm},
          {"mean", to_json(config.mean)},
          {"deviation", to_json(config.deviation)}};
}

ImageRunConfig image_run_config(const nlohmann::json& json) {
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
  // Runs of earlier versions have none of these.
  config.task = image_task(json.value("task", config.task)).name;
  config.classes = json.value("classes", datasets::class_names(config.dataset));
  config.dropout = json.value("dropout", 0.0);
  config.label_smoothing = json.value("label_smoothing", 0.0);
  config.ema = json.value("ema", 0.0);
  config.target_accuracy = json.value("target_accuracy", 0.0);
  config.accumulate = json.value("accumulate", config.accumulate);
  config.patience = json.value("patience", config.patience);
  config.validation = json.value("validation", config.validation);
  config.precision = json.value("precision", config.precision);
  config.sync_batch_norm = json.value("sync_batch_norm", config.sync_batch_norm);
  config.mean = per_channel(json.at("mean"), config);
  config.deviation = per_channel(json.at("deviation"), config);
  return config;
}

datasets::ImageData images_of(const ImageRunConfig& config,
                              const std::optional<std::string>& folder) {
  if (!folder && config.dataset == datasets::synthetic_name) return datasets::synthetic_mnist();
  return image_task(config.task).find(folder.value_or(config.source));
}

void check_images(const datasets::ImageData& data, const ImageRunConfig& config) {
  // Labels of IDX files have no names but those that are guessed from the data set.
  const bool agree = data.name == datasets::image_folder_name
                         ? data.classes == config.classes
                         : data.classes.size() == config.classes.size();
  if (!agree)
    throw IoError(fmt::format("{}: has the classes {}, but the run {}: give images of its classes",
                              data.source, fmt::join(data.classes, ", "),
                              fmt::join(config.classes, ", ")));
  const Index side = image_task(config.task).side;
  if (data.train.height != side || data.train.width != side)
    throw IoError(
        fmt::format("{}: images of {}x{} pixels, where the models take {}x{}: scale them first",
                    data.source, data.train.height, data.train.width, side, side));
}

void for_each_batch(
    nn::Module<float>& model, const datasets::ImageSet& images, const datasets::PerChannel& mean,
    const datasets::PerChannel& deviation,
    const std::function<void(const datasets::Batch&, const Tensor<float>& logits)>& f,
    const Ranks& among) {
  const NoGrad no_grad;
  datasets::Loader loader(images, {.batch_size = 256 * among.size(),
                                   .shuffle = false,
                                   .mean = mean,
                                   .deviation = deviation,
                                   .rank = among.rank(),
                                   .ranks = among.size()});
  for (const auto& batch : loader.epoch(0))
    if (!batch.labels.empty()) f(batch, model(Variable<float>(batch.images)).value());
}

Evaluation evaluate(nn::Module<float>& model, const datasets::ImageSet& images,
                    const datasets::PerChannel& mean, const datasets::PerChannel& deviation) {
  const bool was_training = model.is_training();
  model.eval();
  for (auto& [name, buffer] : model.named_buffers())
    ranks().broadcast(std::as_writable_bytes(buffer.values()));
  Index right = 0;
  double loss = 0;
  const auto add = [&](const datasets::Batch& batch, const Tensor<float>& logits) {
    const auto rows = static_cast<Index>(batch.labels.size());
    loss += static_cast<double>(rows) * cross_entropy<float>(logits, batch.labels).item();
    const Index classes = logits.shape(-1);
    const float* row = logits.data();
    for (Index i = 0; i < rows; ++i, row += classes)
      right +=
          std::max_element(row, row + classes) - row == batch.labels[static_cast<std::size_t>(i)];
  };
  for_each_batch(model, images, mean, deviation, add, ranks());
  loss = ranks().sum(loss);
  const double all_right = ranks().sum(static_cast<double>(right));
  model.train(was_training);
  if (!std::isfinite(loss))
    throw NumericError(
        fmt::format("the loss on the images is {}: the model's weights are spoilt; train "
                    "again, with a smaller --lr",
                    loss));
  const auto count = static_cast<double>(images.count);
  return {100.0 * all_right / count, loss / count};
}

}  // namespace xgrad::command
