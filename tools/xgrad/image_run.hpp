#pragma once
// What training and evaluating an image classifier share: the run folder, the model by its name,
// and the measurement.
//
// A run folder holds config.json (below) and model.safetensors (the weights, in PyTorch's names and
// layouts).

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <datasets/image_set.hpp>
#include <datasets/loader.hpp>
#include <xgrad/nn/module.hpp>

#include "tools/xgrad/ranks.hpp"

namespace xgrad::command {

/// What a run was made with: as much as is needed to use its weights again, and to repeat it.
struct ImageRunConfig {
  static constexpr const char* kind = "image classifier";

  std::string task = "mnist";  ///< xgrad train TASK
  std::string model = "lenet";
  std::string dataset{};  ///< "MNIST"
  std::string source{};   ///< the folder that it was read from
  std::vector<std::string> classes{};  ///< their names, by label
  std::uint64_t seed = 0;
  Index epochs = 0;
  Index batch_size = 0;
  double lr = 0, momentum = 0, weight_decay = 0;
  double dropout = 0;
  bool augment = false;
  double label_smoothing = 0;
  double ema = 0;              ///< decay of the weights' average, which is what is saved; 0: none
  double target_accuracy = 0;  ///< percent of the validation images; 0: all epochs are trained
  Index accumulate = 1;        ///< batches per step of the optimizer
  Index patience = 0;          ///< epochs without a lower validation loss that end training; 0: any
  double validation = 0;       ///< part of the training images on which each epoch is measured
  std::string precision = "fp32";  ///< of products: or "bf16"
  bool sync_batch_norm = false;    ///< by the statistics of all processes that train together
  /// Of the training pixels, scaled to 0..1.
  datasets::PerChannel mean = 0.0F, deviation = 1.0F;
};

/// The part of the training images that is set aside: config.validation or, for a target alone, a
/// sixth (10,000 of MNIST's 60,000); 0: none.
double validation_fraction(const ImageRunConfig& config);

/// A new model with initial weights drawn from the library's stream. Throws ValueError for a name
/// that is not known, and for dropout in a model that has none.
std::unique_ptr<nn::Module<float>> make_model(const ImageRunConfig& config);

nlohmann::ordered_json to_json(const ImageRunConfig& config);
/// Throws ValueError or a json exception for what is no such configuration.
ImageRunConfig image_run_config(const nlohmann::json& json);

/// The images that a run was trained on, unless another folder is given.
datasets::ImageData images_of(const ImageRunConfig& config,
                              const std::optional<std::string>& folder);

/// Throws IoError unless the images have the size that the models of the task take, and the classes
/// of the run.
void check_images(const datasets::ImageData& data, const ImageRunConfig& config);

struct Evaluation {
  double accuracy = 0;  ///< percent
  double loss = 0;      ///< mean cross entropy, nats
};

/// Calls f(batch, logits) for all images in their order or, of several ranks, for this one's part of
/// them, without recording a graph. The model's mode is the caller's.
void for_each_batch(
    nn::Module<float>& model, const datasets::ImageSet& images, const datasets::PerChannel& mean,
    const datasets::PerChannel& deviation,
    const std::function<void(const datasets::Batch&, const Tensor<float>& logits)>& f,
    const Ranks& among = one_process());

/// Accuracy and loss of the model, in evaluation mode, over all images; leaves the mode as it was.
/// Ranks that train together share the work, and normalise by rank 0's running statistics, which
/// they all have then. Together.
Evaluation evaluate(nn::Module<float>& model, const datasets::ImageSet& images,
                    const datasets::PerChannel& mean, const datasets::PerChannel& deviation);

}  // namespace xgrad::command
