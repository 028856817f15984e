// xgrad predict: tells what images show, by the weights of a run.

#include <algorithm>
#include <cstdio>
#include <numeric>

#include <datasets/png.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/loss.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/image_run.hpp"
#include "tools/xgrad/image_task.hpp"
#include "tools/xgrad/run_folder.hpp"

namespace xgrad::command {
namespace {

struct PredictOptions {
  std::string run{};
  std::vector<std::string> files{};
  bool invert = false;
};

struct Guess {
  std::size_t label = 0;
  double probability = 0;
};

struct Prediction {
  std::vector<Guess> guesses{};  ///< the most probable first; of equal ones, the first
  std::vector<float> logits{};   ///< by label
};

constexpr std::size_t guesses_told = 3;

// Whether most of the outermost pixels are bright, where those of the training images are not.
// Colour images have a bright border like any other.
bool looks_inverted(const datasets::PngImage& image, const datasets::PerChannel& training_mean) {
  if (image.channels != 1) return false;
  Index bright = 0, border = 0;
  for (Index y = 0; y < image.height; ++y)
    for (Index x = 0; x < image.width; ++x)
      if (y == 0 || x == 0 || y == image.height - 1 || x == image.width - 1) {
        ++border;
        bright += image.pixels[static_cast<std::size_t>(y * image.width + x)] >= 128;
      }
  return training_mean[0] < 0.5f && 2 * bright > border;
}

datasets::ImageSet load_images(const PredictOptions& options, const ImageRunConfig& config) {
  const Index side = image_task(config.task).side, channels = image_task(config.task).channels;
  datasets::ImageSet images{
      0, side, side, {}, {}, static_cast<int>(config.classes.size()), channels};
  for (const std::string& file : options.files) {
    datasets::PngImage image = datasets::read_png(file, channels);
    if (image.height != side || image.width != side)
      throw IoError(fmt::format(
          "{}: has {}x{} pixels (width x height), where the model takes {}x{}: scale it first, so "
          "that what it shows fills it as in the training images",
          file, image.width, image.height, side, side));
    if (options.invert)
      for (std::uint8_t& pixel : image.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
    if (looks_inverted(image, config.mean))
      remark("xgrad: {}: is bright at its border, unlike the training images: {} --invert?\n", file,
             options.invert ? "without" : "with");
    images.pixels.insert(images.pixels.end(), image.pixels.begin(), image.pixels.end());
    images.labels.push_back(0);  // not known, and not looked at
    ++images.count;
  }
  return images;
}

std::vector<Prediction> predict(nn::Module<float>& model, const datasets::ImageSet& images,
                                const ImageRunConfig& config) {
  model.eval();
  std::vector<Prediction> all;
  for_each_batch(model, images, config.mean, config.deviation, [&](const auto& batch,
                                                                   const auto& logits) {
    const Variable<float> probabilities = softmax<float>(logits);
    const auto classes = static_cast<std::size_t>(probabilities.shape(-1));
    const float* row = probabilities.value().data();
    const float* logit = logits.data();
    for (std::size_t i = 0; i < batch.labels.size(); ++i, row += classes, logit += classes) {
      auto& [guesses, logits_of_image] = all.emplace_back();
      logits_of_image.assign(logit, logit + classes);
      for (std::size_t label = 0; label < classes; ++label)
        guesses.push_back({label, static_cast<double>(row[label])});
      std::stable_sort(guesses.begin(), guesses.end(), [](const Guess& a, const Guess& b) {
        return a.probability > b.probability;
      });
      guesses.resize(std::min(classes, guesses_told));
    }
  });
  return all;
}

nlohmann::ordered_json to_json(const Guess& guess, const ImageRunConfig& config) {
  return {{"class", config.classes.at(guess.label)},
          {"label", guess.label},
          {"probability", guess.probability}};
}

int run(const PredictOptions& options, const CommonOptions& common) {
  const auto config =
      read_config<ImageRunConfig>(options.run, load_config(options.run), image_run_config);
  const auto model = make_model(config);
  load_weights(options.run, *model);
  const auto all = predict(*model, load_images(options, config), config);
  nlohmann::ordered_json predictions = nlohmann::json::array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (common.json) {
      nlohmann::ordered_json line{{"file", options.files[i]}};
      line.update(to_json(all[i].guesses.front(), config));
      for (const Guess& guess : all[i].guesses) line["top"].push_back(to_json(guess, config));
      line["logits"] = all[i].logits;
      predictions.push_back(line);
      continue;
    }
    std::string text;
    for (const Guess& guess : all[i].guesses)
      text += fmt::format("{}{} {:.1f} %", text.empty() ? "" : ", ", config.classes.at(guess.label),
                          100 * guess.probability);
    print("{}: {}\n", options.files[i], text);
  }
  if (common.json)
    print_json(
        {{"predictions", predictions}, {"dataset", config.dataset}, {"model", config.model}});
  return 0;
}

}  // namespace

void add_predict(CLI::App& app, Session& session) {
  const auto options = std::make_shared<PredictOptions>();
  CLI::App* const verb =
      add_verb(app, session, "predict", "Tell what images show, by the weights of a run",
               [options](const CommonOptions& common) { return run(*options, common); });
  verb->add_option("run", options->run, "Folder that train mnist or train cifar10 --out wrote")
      ->required()
      ->type_name("RUN");
  verb->add_option("images", options->files,
                   "PNG files of 28x28 pixels, whose colours become grey, or for cifar10 32x32 in "
                   "colour")
      ->required()
      ->type_name("FILE");
  verb->add_flag("--invert", options->invert,
                 "Black becomes white: for drawings dark on light, where the model was trained on "
                 "light on dark, as in MNIST");
}

}  // namespace xgrad::command
