#pragma once
// Small files for the tests of the datasets.

#include <stdlib.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <datasets/mnist.hpp>

namespace files {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

/// A folder that goes when it goes out of scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "xgrad-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }
  fs::path operator/(const fs::path& name) const { return path_ / name; }

 private:
  fs::path path_;
};

/// Sets an environment variable, or removes it, and puts it back at the end of the scope.
class Environment {
 public:
  Environment(const char* name, const std::optional<std::string>& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Environment() { set(before_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const std::optional<std::string>& value) {
    if (value)
      setenv(name_, value->c_str(), 1);
    else
      unsetenv(name_);
  }
  const char* name_;
  std::optional<std::string> before_{};
};

inline fs::path write(const fs::path& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return path;
}

inline Bytes read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

inline Bytes gzip(const Bytes& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  Bytes result(deflateBound(&stream, bytes.size()));
  Bytes input = bytes;
  stream.next_in = input.data();
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = result.data();
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

/// An IDX header with these extents, followed by `payload` bytes 0, 1, 2 ...
inline Bytes idx(const std::vector<std::uint32_t>& extents, std::size_t payload) {
  Bytes bytes{0, 0, 8, static_cast<std::uint8_t>(extents.size())};
  for (const std::uint32_t extent : extents)
    for (const int shift : {24, 16, 8, 0})
      bytes.push_back(static_cast<std::uint8_t>(extent >> shift & 255));
  for (std::size_t i = 0; i < payload; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}

/// `count` images, all different: pixel k of image i is 16 i + k (mod 256), its label i (mod 10).
inline xgrad::datasets::ImageSet image_set(xgrad::Index count, xgrad::Index height = 3,
                                           xgrad::Index width = 2) {
  xgrad::datasets::ImageSet set{count, height, width, {}, {}, 10};
  for (xgrad::Index i = 0; i < count; ++i) {
    for (xgrad::Index k = 0; k < height * width; ++k)
      set.pixels.push_back(static_cast<std::uint8_t>(16 * i + k));
    set.labels.push_back(static_cast<std::int32_t>(i % 10));
  }
  return set;
}

/// `count` colour images of 3 x 2 pixels, labels 0 to 9 in turn: value k of image i, with the
/// channels last, is 18 i + 7 k (mod 256).
inline xgrad::datasets::ImageSet colour_set(xgrad::Index count) {
  xgrad::datasets::ImageSet set{count, 3, 2, {}, {}, 10, 3};
  for (xgrad::Index i = 0; i < count; ++i) {
    for (xgrad::Index k = 0; k < 3 * 2 * 3; ++k)
      set.pixels.push_back(static_cast<std::uint8_t>(18 * i + 7 * k));
    set.labels.push_back(static_cast<std::int32_t>(i % 10));
  }
  return set;
}

/// `count` records of CIFAR-10: the labels count up from `label` (mod 10), and byte k of a record's
/// planes is k / 5 + its label before that (mod 256).
inline Bytes cifar_records(std::size_t count, std::size_t label) {
  Bytes bytes;
  for (std::size_t i = 0; i < count; ++i, ++label) {
    bytes.push_back(static_cast<std::uint8_t>(label % 10));
    for (std::size_t k = 0; k < 3072; ++k)
      bytes.push_back(static_cast<std::uint8_t>(k / 5 + label));
  }
  return bytes;
}

/// A folder of six good files, 1 + 2 + 3 + 4 + 5 training and 3 test images.
inline void write_cifar(const fs::path& folder) {
  fs::create_directories(folder);
  std::size_t label = 0;
  for (const std::size_t batch : {1, 2, 3, 4, 5}) {
    write(folder / ("data_batch_" + std::to_string(batch) + ".bin"), cifar_records(batch, label));
    label += batch;
  }
  write(folder / "test_batch.bin", cifar_records(3, 100));
}

/// A folder of four good files, 7 training and 5 test images of 3 x 2, that a test may then damage.
inline void write_mnist(const fs::path& folder) {
  xgrad::datasets::save_mnist({"", "", image_set(7), image_set(5)}, folder);
}

/// The real MNIST files: $XGRAD_DATA/mnist, or shared/data/mnist in a folder around the build's.
inline std::optional<fs::path> real_mnist() {
  std::vector<fs::path> folders;
  if (const char* data = std::getenv("XGRAD_DATA")) folders.push_back(fs::path(data) / "mnist");
  fs::path around = fs::read_symlink("/proc/self/exe");
  for (; around != around.parent_path(); around = around.parent_path())
    folders.push_back(around / "shared/data/mnist");
  for (const fs::path& folder : folders)
    if (fs::exists(folder / "train-labels-idx1-ubyte.gz")) return folder;
  return std::nullopt;
}

}  // namespace files
