#include <datasets/augment.hpp>
#include <datasets/cifar.hpp>
#include <datasets/idx.hpp>
#include <datasets/image_set.hpp>
#include <datasets/loader.hpp>
#include <datasets/mnist.hpp>
#include <datasets/synthetic_digits.hpp>

#include <limits>

#include "datasets/files.hpp"
#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad::datasets;
using files::Bytes;

// Reads a file of these bytes as an IDX array.
Misuse bad_idx(const char* what, const Bytes& bytes, int rank, std::vector<std::string> names) {
  names.push_back("bad-idx-ubyte");
  const auto run = [bytes, rank] {
    const files::TemporaryFolder folder;
    read_idx(files::write(folder / "bad-idx-ubyte", bytes), rank);
  };
  return {std::string("IDX file: ") + what, run, Kind::io, std::move(names)};
}

// Loads a folder of good MNIST files after `damage` was done to it.
Misuse bad_mnist(const char* what, void (*damage)(const files::TemporaryFolder&),
                 std::vector<std::string> names) {
  const auto run = [damage] {
    const files::TemporaryFolder folder;
    files::write_mnist(folder.path());
    damage(folder);
    load_mnist(folder.path());
  };
  return {std::string("MNIST folder: ") + what, run, Kind::io, std::move(names)};
}

Misuse bad_loader(const char* what, const LoaderOptions& options, std::vector<std::string> names) {
  names.push_back("Loader");
  const auto run = [options] {
    const ImageSet set = files::image_set(5);
    Loader(set, options);
  };
  return {std::string("Loader: ") + what, run, Kind::value, std::move(names)};
}

Misuse bad_augmentation(const AugmentOptions& options, const char* name) {
  const auto run = [options] {
    const ImageSet set = files::image_set(5);
    Loader(set, {.augmentation = options});
  };
  return {std::string("augmentation: ") + name, run, Kind::value, {"augment", name}};
}

// Loads a set after `damage` was done to it.
Misuse bad_set(const char* what, Kind kind, void (*damage)(ImageSet&),
               std::vector<std::string> names) {
  names.push_back("Loader");
  const auto run = [damage] {
    ImageSet set = files::image_set(5);
    damage(set);
    const Loader loader(set);
  };
  return {std::string("image set: ") + what, run, kind, std::move(names)};
}

Bytes cut(Bytes bytes, std::size_t size) {
  bytes.resize(size);
  return bytes;
}

Bytes changed(Bytes bytes, std::size_t at, std::uint8_t value) {
  bytes.at(at) = value;
  return bytes;
}

void add_idx(std::vector<Misuse>& all) {
  const Bytes good = files::idx({2, 3, 4}, 24);
  const Bytes page{'<', '!', 'D', 'O', 'C', 'T', 'Y', 'P', 'E', ' ', 'h', 't', 'm', 'l', '>'};
  Bytes garbage_after = files::gzip(good);
  garbage_after.insert(garbage_after.end(), {'j', 'u', 'n', 'k'});
  Bytes bomb = files::idx({4}, 4);
  bomb.resize(1 << 20);
  all.insert(
      all.end(),
      {bad_idx("empty", {}, 3, {"empty", "fetch it again"}),
       bad_idx("garbage", page, 3, {"not an IDX file", "3c 21 44 4f", "00 00 08 03"}),
       bad_idx("garbage in gzip", files::gzip(page), 3, {"not an IDX file", "3c 21 44 4f"}),
       bad_idx("floats", changed(good, 2, 0x0D), 3, {"0x0d", "32-bit float", "unsigned byte"}),
       bad_idx("labels for images", files::idx({5}, 5), 3, {"1 axes", "expected 3"}),
       bad_idx("images for labels", good, 1, {"3 axes", "expected 1"}),
       bad_idx("header cut", cut(good, 9), 3, {"9 bytes", "16", "truncated"}),
       bad_idx("a single byte", cut(good, 1), 3, {"1 bytes", "truncated"}),
       bad_idx("payload cut", cut(good, 39), 3, {"[2, 3, 4]", "40", "39", "truncated"}),
       bad_idx("too long", cut(good, 41), 3, {"[2, 3, 4]", "40", "41", "too long"}),
       bad_idx("payload cut in gzip", files::gzip(cut(good, 39)), 3,
               {"24 bytes", "only 23", "truncated"}),
       bad_idx("too long in gzip", files::gzip(cut(good, 41)), 3, {"24 bytes", "too long"}),
       bad_idx("gzip cut", cut(files::gzip(good), 30), 3, {"gzip", "truncated"}),
       bad_idx("gzip cut in its checksum", cut(files::gzip(good), files::gzip(good).size() - 3), 3,
               {"gzip", "truncated"}),
       bad_idx("gzip checksum wrong", changed(files::gzip(good), files::gzip(good).size() - 6, 0),
               3, {"damaged gzip"}),
       bad_idx("garbage after gzip", garbage_after, 3, {"damaged gzip"}),
       bad_idx("gzip bomb", files::gzip(bomb), 1, {"4 bytes", "too long"}),
       bad_idx("product overflows", files::idx({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, 8), 3,
               {"4294967295", "cannot hold them"}),
       bad_idx("promises gigabytes", files::gzip(files::idx({60000, 2800, 2800}, 8)), 3,
               {"60000", "cannot hold them"}),
       {"IDX file: missing",
        [] { read_idx("no/such/train-images", 3); },
        Kind::io,
        {"no/such/train-images", "no such file"}},
       {"IDX file: a directory",
        [] {
          const files::TemporaryFolder folder;
          read_idx(folder.path(), 3);
        },
        Kind::io,
        {"is a directory", "expected an IDX file"}},
       {"IDX file: a device",
        [] { read_idx("/dev/null", 3); },
        Kind::io,
        {"/dev/null", "not a regular file"}},
       {"read_idx: rank 0", [] { read_idx("any", 0); }, Kind::value, {"read_idx", "rank 0"}},
       {"write_idx: a folder that is not there",
        [] {
          write_idx("no/such/folder/a", {{1}, {7}});
        },
        Kind::io,
        {"no/such/folder/a", "cannot be written"}},
       {"write_idx: values and extents differ",
        [] {
          write_idx("a", {{2, 3}, {1, 2, 3}});
        },
        Kind::shape,
        {"write_idx", "3 values", "[2, 3]"}}});
}

void add_mnist(std::vector<Misuse>& all) {
  using files::TemporaryFolder;
  all.insert(all.end(),
             {bad_mnist("a file is missing",
                        [](const TemporaryFolder& f) {
                          files::fs::remove(f / "t10k-images-idx3-ubyte.gz");
                        },
                        {"t10k-images", "tried", "t10k-images.idx3-ubyte.gz"}),
              bad_mnist("numbers of images and labels differ",
                        [](const TemporaryFolder& f) {
                          write_idx(f / "t10k-labels-idx1-ubyte.gz", {{4}, {1, 2, 3, 4}});
                        },
                        {"t10k-images-idx3-ubyte.gz holds 5", "t10k-labels-idx1-ubyte.gz holds 4"}),
              bad_mnist("a label is no digit",
                        [](const TemporaryFolder& f) {
                          write_idx(f / "t10k-labels-idx1-ubyte.gz", {{5}, {1, 2, 10, 4, 11}});
                        },
                        {"t10k-labels-idx1-ubyte.gz", "label 10", "index 2", "0 to 9"}),
              bad_mnist("training and test images differ in size",
                        [](const TemporaryFolder& f) {
                          write_idx(f / "t10k-images-idx3-ubyte.gz", {{5, 1, 1}, {1, 2, 3, 4, 5}});
                        },
                        {"3 x 2", "1 x 1"}),
              bad_mnist("no images",
                        [](const TemporaryFolder& f) {
                          write_idx(f / "train-images-idx3-ubyte.gz", {{0, 3, 2}, {}});
                        },
                        {"train-images-idx3-ubyte.gz", "no images", "[0, 3, 2]"}),
              bad_mnist("images and labels exchanged",
                        [](const TemporaryFolder& f) {
                          files::fs::copy_file(f / "train-labels-idx1-ubyte.gz",
                                               f / "train-images-idx3-ubyte");
                        },
                        {"train-images-idx3-ubyte", "1 axes", "expected 3"}),
              {"MNIST folder: not there",
               [] { load_mnist("no/such/folder"); },
               Kind::io,
               {"no/such/folder", "no such folder", "train-images-idx3-ubyte"}},
              {"MNIST folder: a file",
               [] {
                 const TemporaryFolder folder;
                 load_mnist(files::write(folder / "file", {1}));
               },
               Kind::io,
               {"a file, not a folder"}},
              {"find_mnist: the given folder is empty",
               [] {
                 const TemporaryFolder folder;
                 find_mnist(folder.path());
               },
               Kind::io,
               {"train-images", "the folder does not hold it"}},
              {"save_mnist: an empty set",
               [] { save_mnist({}, "unused"); },
               Kind::shape,
               {"save_mnist", "empty"}},
              {"synthetic_digits: no images",
               [] { synthetic_digits(0, 1); },
               Kind::value,
               {"synthetic_digits", "count 0"}}});
}

// Loads a folder of good CIFAR-10 files after `damage` was done to it.
Misuse bad_cifar(const char* what, void (*damage)(const files::TemporaryFolder&),
                 std::vector<std::string> names) {
  const auto run = [damage] {
    const files::TemporaryFolder folder;
    files::write_cifar(folder.path());
    damage(folder);
    load_cifar10(folder.path());
  };
  return {std::string("CIFAR-10 folder: ") + what, run, Kind::io, std::move(names)};
}

void add_cifar(std::vector<Misuse>& all) {
  using files::TemporaryFolder;
  all.insert(
      all.end(),
      {bad_cifar("a file is missing",
                 [](const TemporaryFolder& f) { files::fs::remove(f / "data_batch_4.bin"); },
                 {"no data_batch_4.bin", "does not hold it", "cifar-10-binary.tar.gz", "tried",
                  "/cifar-10-batches-bin/data_batch_4.bin"}),
       bad_cifar("a file is truncated",
                 [](const TemporaryFolder& f) {
                   files::write(f / "data_batch_3.bin", cut(files::cifar_records(3, 0), 9218));
                 },
                 {"data_batch_3.bin", "9218 bytes", "2 records of 3073 and 3072 bytes more",
                  "truncated"}),
       bad_cifar("a file is empty",
                 [](const TemporaryFolder& f) { files::write(f / "test_batch.bin", {}); },
                 {"test_batch.bin", "is empty"}),
       bad_cifar("a label is no class",
                 [](const TemporaryFolder& f) {
                   files::write(f / "data_batch_3.bin",
                                changed(files::cifar_records(3, 0), 2 * 3073, 10));
                 },
                 {"data_batch_3.bin", "label 10", "record 2", "0 to 9"}),
       bad_cifar("a file is a folder",
                 [](const TemporaryFolder& f) {
                   files::fs::remove(f / "test_batch.bin");
                   files::fs::create_directory(f / "test_batch.bin");
                 },
                 {"test_batch.bin", "not a regular file"}),
       bad_cifar("nine names",
                 [](const TemporaryFolder& f) {
                   const std::string names = "a\nb\nc\nd\ne\nf\ng\nh\ni\n\n";
                   files::write(f / "batches.meta.txt", {names.begin(), names.end()});
                 },
                 {"batches.meta.txt", "9 names", "10"}),
       {"CIFAR-10 folder: not there",
        [] { load_cifar10("no/such/folder"); },
        Kind::io,
        {"no/such/folder", "no such folder", "data_batch_1.bin", "binary version"}},
       {"find_cifar10: nowhere",
        [] {
          find_cifar10({}, {{"a place", "no/such/place"}});
        },
        Kind::io,
        {"no/such/place (a place)", "--data", "www.cs.toronto.edu"}}});
}

void add_loader(std::vector<Misuse>& all) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  all.insert(
      all.end(),
      {bad_loader("batch_size 0", {.batch_size = 0}, {"batch_size 0", "at least 1"}),
       bad_loader("prefetch -1", {.prefetch = -1}, {"prefetch -1"}),
       bad_loader("no whole batch", {.batch_size = 6, .drop_last = true},
                  {"drop_last", "batch_size 6", "5 images"}),
       bad_loader("deviation 0", {.deviation = 0}, {"deviation 0", "positive"}),
       bad_loader("mean of three channels for grey", {.mean = {0.1F, 0.2F, 0.3F}},
                  {"mean", "3 numbers", "1 channels"}),
       bad_loader("a deviation for no channel", {.deviation = std::vector<float>{}},
                  {"deviation", "0 numbers"}),
       bad_augmentation({.max_shift = -1}, "max_shift -1"),
       bad_augmentation({.max_rotation = 181}, "max_rotation 181"),
       bad_augmentation({.max_scale = 1}, "max_scale 1"),
       bad_augmentation({.max_scale = nan}, "max_scale nan"),
       bad_set("empty", Kind::shape, [](ImageSet& set) { set = {}; }, {"empty", "[0, 0, 0, 1]"}),
       bad_set("a label is missing", Kind::shape, [](ImageSet& set) { set.labels.pop_back(); },
               {"4 labels", "5 images"}),
       bad_set("a pixel is missing", Kind::shape, [](ImageSet& set) { set.pixels.pop_back(); },
               {"29 pixels", "expected 30", "[5, 3, 2, 1]"}),
       bad_set("a label is no class", Kind::value, [](ImageSet& set) { set.labels[3] = -1; },
               {"label -1", "example 3", "0 to 9"}),
       {"Loader: resumed with another set",
        [] {
          const ImageSet set = files::image_set(5);
          Loader(set).set_position({2, 6});
        },
        Kind::value,
        {"Loader", "epoch 2", "next 6", "0 to 5"}},
       {"split: nothing to train on",
        [] { split(files::image_set(5), 1.0, 0); },
        Kind::value,
        {"split", "validation_fraction 1"}},
       {"split: a single image",
        [] { split(files::image_set(1), 0.5, 0); },
        Kind::value,
        {"split", "at least 2"}},
       {"subset: index outside the set",
        [] {
          const std::vector<xgrad::Index> indices{0, 5};
          subset(files::image_set(5), indices);
        },
        Kind::value,
        {"subset", "index 5", "0 to 4"}}});
}

}  // namespace

std::vector<Misuse> datasets() {
  std::vector<Misuse> all;
  add_idx(all);
  add_mnist(all);
  add_cifar(all);
  add_loader(all);
  return all;
}

}  // namespace misuse
