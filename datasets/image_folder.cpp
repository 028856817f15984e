#include <datasets/image_folder.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include <datasets/png.hpp>
#include <xgrad/core/error.hpp>

namespace xgrad::datasets {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw IoError(fmt::format("{}: {}", path.string(), what));
}

// Names in the folder but for hidden ones, sorted by their bytes: the same everywhere.
std::vector<std::string> names_in(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (const std::string name = entry.path().filename().string(); name.front() != '.')
      names.push_back(name);
  if (error)
    fail(folder, fmt::format("the folder cannot be read ({}): images are looked for in "
                             "train/CLASS/*.png and test/CLASS/*.png",
                             error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

bool is_png(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension == ".png";
}

std::vector<std::string> class_names(const fs::path& folder) {
  std::vector<std::string> names = names_in(folder);
  for (const std::string& name : names)
    if (!fs::is_directory(folder / name))
      fail(folder / name, "is not the folder of a class: put images into folders by their class");
  if (names.size() < 2)
    fail(folder, fmt::format("has {} class folders, 2 are needed at least", names.size()));
  return names;
}

void add(ImageSet& set, const fs::path& path, std::int32_t label) {
  if (!is_png(path)) fail(path, "is no .png file: convert it, or take it away");
  const PngImage image = read_png(path, set.channels);
  if (set.count == 0 && set.height == 0) {
    set.height = image.height;
    set.width = image.width;
  }
  if (image.height != set.height || image.width != set.width)
    fail(path, fmt::format("has {}x{} pixels (width x height), the images before it {}x{}: scale "
                           "all to one size",
                           image.width, image.height, set.width, set.height));
  set.pixels.insert(set.pixels.end(), image.pixels.begin(), image.pixels.end());
  set.labels.push_back(label);
  ++set.count;
}

// The images of train/ or test/; with an extent already given, all must have it.
ImageSet load_set(const fs::path& folder, const std::vector<std::string>& classes, Index height,
                  Index width, Index channels) {
  ImageSet set{0, height, width, {}, {}, static_cast<int>(classes.size()), channels};
  for (std::size_t label = 0; label < classes.size(); ++label) {
    const auto names = names_in(folder / classes[label]);
    if (names.empty()) fail(folder / classes[label], "holds no images: give the class some");
    for (const std::string& name : names)
      add(set, folder / classes[label] / name, static_cast<std::int32_t>(label));
  }
  return set;
}

}  // namespace

bool is_image_folder(const fs::path& folder) {
  std::error_code unreadable;  // counts as not there
  return fs::is_directory(folder / "train", unreadable);
}

ImageData load_image_folder(const fs::path& folder, Index channels) {
  ImageData images{image_folder_name, folder.string(), {}, {}, class_names(folder / "train")};
  if (const auto test = class_names(folder / "test"); test != images.classes)
    fail(folder, fmt::format("the classes in train are {}, those in test {}: make them agree",
                             fmt::join(images.classes, ", "), fmt::join(test, ", ")));
  images.train = load_set(folder / "train", images.classes, 0, 0, channels);
  images.test = load_set(folder / "test", images.classes, images.train.height, images.train.width,
                         channels);
  return images;
}

}  // namespace xgrad::datasets
