#pragma once

#include <filesystem>

#include <datasets/image_set.hpp>

namespace xgrad::datasets {

/// What ImageData::name says of images from a folder.
inline constexpr const char* image_folder_name = "PNG images";

/// Whether the folder is one of images: it has a folder "train".
bool is_image_folder(const std::filesystem::path& folder);

/// Reads train/CLASS/*.png and test/CLASS/*.png, as read_png does with that many channels; the
/// classes, and the images of one, are in the order of their names. Hidden files are passed over. Throws IoError, naming the
/// file or folder, if test does not have the classes of train, a class has no images, an image is
/// damaged or not as large as the first, or something else lies among them.
ImageData load_image_folder(const std::filesystem::path& folder, Index channels = 1);

}  // namespace xgrad::datasets
