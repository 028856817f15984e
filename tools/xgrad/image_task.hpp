#pragma once
// What the verbs `xgrad train mnist` and `xgrad train cifar10` have of their own: the images, the
// models that take them, and how these are trained unless the options say otherwise.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <datasets/augment.hpp>
#include <datasets/image_set.hpp>

namespace xgrad::command {

struct ImageTask {
  /// What is not asked for by name.
  struct Defaults {
    const char* model;
    Index epochs;
    double lr;  ///< of SGD; recipe_of() has others' own
  };

  const char* name;         ///< of the verb: "mnist"
  const char* description;  ///< of the verb
  const char* data_help;    ///< of its option --data
  const char* augment_help;
  Index side, channels;  ///< of the images
  std::vector<std::string> models;
  Defaults defaults;
  Defaults soon;  ///< with --target-accuracy: what learns most per second
  datasets::AugmentOptions augmentation;
  /// The images of a folder, or of the usual places.
  datasets::ImageData (*find)(const std::optional<std::filesystem::path>& folder);
};

const std::vector<ImageTask>& image_tasks();
/// Throws ValueError for a name that is not known.
const ImageTask& image_task(const std::string& name);

}  // namespace xgrad::command
