#include "tools/xgrad/image_task.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <datasets/cifar.hpp>
#include <datasets/mnist.hpp>
#include <xgrad/core/error.hpp>

namespace xgrad::command {

const std::vector<ImageTask>& image_tasks() {
  using Folder = std::optional<std::filesystem::path>;
  static const std::vector<ImageTask> all{
      {.name = "mnist",
       .description = "Train a small CNN on MNIST, Fashion-MNIST or the like",
       .data_help = "Folder of the four IDX files, or of PNG files as train/CLASS/*.png and "
                    "test/CLASS/*.png (default: $XGRAD_DATA/mnist, the user's cache, "
                    "Fashion-MNIST as packaged, else synthetic digits)",
       .augment_help = "Shift, turn and scale the training images at random",
       .side = 28,
       .channels = 1,
       .models = {"lenet", "lenet_relu", "lenet5", "rows_lstm", "rows_gru"},
       .defaults = {.model = "lenet", .epochs = 3, .lr = 0.05},
       .soon = {.model = "lenet_relu", .epochs = 2, .lr = 0.2},
       .augmentation = {},
       .find = [](const Folder& folder) { return datasets::find_mnist(folder); }},
      {.name = "cifar10",
       .description = "Train a small CNN on CIFAR-10",
       .data_help = "Folder of the binary version's files, data_batch_1.bin to test_batch.bin, or "
                    "of colour PNG files as train/CLASS/*.png and test/CLASS/*.png (default: "
                    "$XGRAD_DATA/cifar10, else cifar10 in the user's cache)",
       .augment_help = "Shift the training images at random, and mirror every second",
       .side = 32,
       .channels = 3,
       .models = {"cifar_cnn"},
       .defaults = {.model = "cifar_cnn", .epochs = 15, .lr = 0.05},
       .soon = {.model = "cifar_cnn", .epochs = 15, .lr = 0.05},
       // What is common for CIFAR-10: up to 4 pixels, black coming in, and nothing blurred.
       .augmentation =
           {.max_shift = 4, .max_rotation = 0, .max_scale = 0, .flip = true, .whole_pixels = true},
       .find = [](const Folder& folder) { return datasets::find_cifar10(folder); }}};
  return all;
}

const ImageTask& image_task(const std::string& name) {
  const auto found = std::ranges::find(image_tasks(), name, &ImageTask::name);
  if (found == image_tasks().end())
    throw ValueError(fmt::format("there is no training on images by the name '{}'", name));
  return *found;
}

}  // namespace xgrad::command
