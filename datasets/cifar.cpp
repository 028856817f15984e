#include <datasets/cifar.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include <datasets/image_folder.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/log.hpp>

namespace xgrad::datasets {
namespace {

namespace fs = std::filesystem;

constexpr int classes = 10;
constexpr Index side = 32, channels = 3;
constexpr std::size_t plane = side * side, record_bytes = 1 + channels * plane;
constexpr const char* training_files[] = {"data_batch_1.bin", "data_batch_2.bin",
                                          "data_batch_3.bin", "data_batch_4.bin",
                                          "data_batch_5.bin"};
constexpr const char* test_file = "test_batch.bin";
constexpr const char* names_file = "batches.meta.txt";
constexpr const char* folder_of_archive = "cifar-10-batches-bin";
constexpr const char* remedy =
    "get cifar-10-binary.tar.gz (the \"binary version\") from "
    "https://www.cs.toronto.edu/~kriz/cifar.html and unpack it there";

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw IoError(fmt::format("{}: {}", path.string(), what));
}

bool is_there(const fs::path& path) {
  std::error_code unreadable;  // counts as not there
  return fs::exists(path, unreadable);
}

bool holds_any_file(const fs::path& folder) {
  for (const char* name : training_files)
    if (is_there(folder / name)) return true;
  return is_there(folder / test_file);
}

// Where in `folder` the files are; the folder itself if they are nowhere.
fs::path folder_of_files(const fs::path& folder) {
  const fs::path unpacked = folder / folder_of_archive;
  return !holds_any_file(folder) && holds_any_file(unpacked) ? unpacked : folder;
}

// The path of one of the six files. `folder` is as it was given.
fs::path find_file(const fs::path& folder, const char* name) {
  const fs::path path = folder_of_files(folder) / name;
  if (is_there(path)) return path;
  const char* state = !is_there(folder)           ? "there is no such folder"
                      : !fs::is_directory(folder) ? "that is a file, not a folder"
                                                  : "the folder does not hold it";
  fail(folder, fmt::format("no {} found, {}: {}; tried\n  {}\n  {}", name, state, remedy,
                           (folder / name).string(), (folder / folder_of_archive / name).string()));
}

std::vector<std::uint8_t> read_records(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) fail(path, "is not a regular file, which is expected");
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) fail(path, fmt::format("cannot be read ({})", error.message()));
  if (size == 0) fail(path, fmt::format("is empty: {}", remedy));
  if (size % record_bytes != 0)
    fail(path, fmt::format("has {} bytes, {} records of {} and {} bytes more: it is truncated or "
                           "no CIFAR-10 file; {}",
                           size, size / record_bytes, record_bytes, size % record_bytes, remedy));
  std::vector<std::uint8_t> bytes(size);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!file)
    fail(path, fmt::format("cannot be read ({}): check its permissions", std::strerror(errno)));
  return bytes;
}

void add_records(ImageSet& set, const fs::path& path) {
  const std::vector<std::uint8_t> bytes = read_records(path);
  const std::size_t count = bytes.size() / record_bytes;
  set.count += static_cast<Index>(count);
  set.pixels.reserve(set.pixels.size() + count * channels * plane);
  for (std::size_t record = 0; record < count; ++record) {
    const std::uint8_t* const label = bytes.data() + record * record_bytes;
    if (*label >= classes)
      fail(path, fmt::format("label {} of record {} is outside 0 to {}: {}", *label, record,
                             classes - 1, remedy));
    set.labels.push_back(*label);
    const std::uint8_t* const planes = label + 1;
    for (std::size_t i = 0; i < plane; ++i)
      for (std::size_t c = 0; c < channels; ++c) set.pixels.push_back(planes[c * plane + i]);
  }
}

std::vector<std::string> class_names(const fs::path& path) {
  if (!is_there(path))
    return {"airplane", "automobile", "bird",  "cat",  "deer",
            "dog",      "frog",       "horse", "ship", "truck"};
  std::vector<std::string> names;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(std::move(line));
  }
  if (names.size() != classes)
    fail(path, fmt::format("has {} names of classes, where {} are expected, a line for each",
                           names.size(), classes));
  return names;
}

}  // namespace

ImageData load_cifar10(const fs::path& folder) {
  const ImageSet none{0, side, side, {}, {}, classes, channels};
  ImageData cifar{cifar10_name, folder_of_files(folder).string(), none, none};
  for (const char* name : training_files) add_records(cifar.train, find_file(folder, name));
  add_records(cifar.test, find_file(folder, test_file));
  cifar.classes = class_names(folder_of_files(folder) / names_file);
  return cifar;
}

std::vector<DataPlace> cifar10_places() {
  std::vector<DataPlace> places = usual_places("cifar10");
  for (DataPlace& place : places) place.found = holds_any_file(folder_of_files(place.folder));
  return places;
}

ImageData find_cifar10(const std::optional<fs::path>& data, const std::vector<DataPlace>& places) {
  if (data) {
    ImageData images =
        is_image_folder(*data) ? load_image_folder(*data, channels) : load_cifar10(*data);
    log().info("data: {} from {}", images.name, images.source);
    return images;
  }
  std::string tried;
  for (const DataPlace& place : places) {
    if (!place.found) {
      tried += fmt::format("\n  {} ({})", place.folder.string(), place.what);
      continue;
    }
    ImageData images = load_cifar10(place.folder);
    log().info("data: {} from {} ({})", images.name, images.source, place.what);
    return images;
  }
  throw IoError(fmt::format(
      "no CIFAR-10 data found: {}, or anywhere, and name the folder with --data; "
      "looked for in{}",
      remedy, tried.empty() ? " no place: neither $XGRAD_DATA nor $HOME is set" : tried));
}

}  // namespace xgrad::datasets
