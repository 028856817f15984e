#include <boost/test/unit_test.hpp>

#include <datasets/cifar.hpp>
#include <datasets/png.hpp>
#include <xgrad/core/error.hpp>

#include "datasets/files.hpp"

using namespace xgrad;
using namespace xgrad::datasets;
using files::Environment;
using files::TemporaryFolder;

BOOST_AUTO_TEST_SUITE(datasets_cifar)

// Records of the five files one after another, planes of colours made into pixels of three.
BOOST_AUTO_TEST_CASE(records_become_colour_images) {
  const TemporaryFolder folder;
  files::write_cifar(folder.path());
  const ImageData cifar = load_cifar10(folder.path());
  BOOST_TEST(cifar.name == "CIFAR-10");
  BOOST_TEST(cifar.source == folder.path().string());
  check(cifar.train, "train");
  check(cifar.test, "test");
  BOOST_TEST(cifar.train.count == 15);
  BOOST_TEST(cifar.test.count == 3);
  for (const ImageSet& set : {cifar.train, cifar.test}) {
    BOOST_TEST(set.height == 32);
    BOOST_TEST(set.width == 32);
    BOOST_TEST(set.channels == 3);
    BOOST_TEST(set.classes == 10);
  }
  for (std::int32_t i = 0; i < 15; ++i)
    BOOST_TEST(cifar.train.labels[static_cast<std::size_t>(i)] == i % 10);
  BOOST_TEST((cifar.test.labels == std::vector<std::int32_t>{0, 1, 2}));
  const auto image = cifar.train.image(11);
  const files::Bytes record = files::cifar_records(1, 11);
  for (std::size_t i = 0; i < 32 * 32; ++i)
    for (std::size_t c = 0; c < 3; ++c)
      BOOST_TEST_REQUIRE(image[3 * i + c] == record[1 + 1024 * c + i]);
}

BOOST_AUTO_TEST_CASE(classes_have_their_names) {
  const TemporaryFolder folder;
  files::write_cifar(folder.path());
  const auto usual = load_cifar10(folder.path()).classes;
  BOOST_TEST_REQUIRE(usual.size() == 10u);
  BOOST_TEST(usual.front() == "airplane");
  BOOST_TEST(usual.back() == "truck");
  // As the archive has them, with an empty line at the end; from another system, too.
  const std::string names = "a b\r\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n";
  files::write(folder / "batches.meta.txt", {names.begin(), names.end()});
  const auto given = load_cifar10(folder.path()).classes;
  BOOST_TEST(
      (given == std::vector<std::string>{"a b", "b", "c", "d", "e", "f", "g", "h", "i", "j"}));
}

BOOST_AUTO_TEST_CASE(data_is_looked_for_in_its_places) {
  const TemporaryFolder folder;
  const Environment data("XGRAD_DATA", (folder / "data").string());
  const Environment cache("XDG_CACHE_HOME", (folder / "cache").string());
  auto places = cifar10_places();
  BOOST_TEST_REQUIRE(places.size() == 2u);
  BOOST_TEST(places[0].folder == folder / "data/cifar10");
  BOOST_TEST(places[1].folder == folder / "cache/xgrad/cifar10");
  BOOST_TEST(!places[0].found);
  BOOST_CHECK_THROW(find_cifar10(), IoError);

  // The second of the places, as the archive unpacks there.
  files::write_cifar(folder / "cache/xgrad/cifar10/cifar-10-batches-bin");
  BOOST_TEST(cifar10_places()[1].found);
  const std::string unpacked = (folder / "cache/xgrad/cifar10/cifar-10-batches-bin").string();
  BOOST_TEST(find_cifar10().source == unpacked);
  BOOST_TEST(find_cifar10(folder / "cache/xgrad/cifar10").source == unpacked);
  BOOST_TEST(find_cifar10(unpacked).source == unpacked);
  // What is there but not complete is not passed over.
  files::write_cifar(folder / "data/cifar10");
  BOOST_TEST(find_cifar10().source == (folder / "data/cifar10").string());
  files::fs::remove(folder / "data/cifar10/data_batch_2.bin");
  BOOST_CHECK_THROW(find_cifar10(), IoError);
}

BOOST_AUTO_TEST_CASE(a_folder_of_png_files_will_do) {
  const TemporaryFolder folder;
  const PngImage colour{1, 2, {255, 0, 10, 30, 20, 40}, 3}, grey{1, 2, {7, 9}};
  for (const char* part : {"train", "test"})
    for (const char* label : {"cat", "dog"}) {
      files::fs::create_directories(folder / part / label);
      write_png(folder / part / label / "a.png", label[0] == 'c' ? colour : grey);
    }
  const ImageData images = find_cifar10(folder.path());
  BOOST_TEST(images.name == "PNG images");
  BOOST_TEST(images.train.channels == 3);
  BOOST_TEST(
      (images.train.pixels == std::vector<std::uint8_t>{255, 0, 10, 30, 20, 40, 7, 7, 7, 9, 9, 9}));
  BOOST_TEST((read_png(folder / "train/cat/a.png", 3).pixels == colour.pixels));
  BOOST_TEST(read_png(folder / "train/cat/a.png").pixels.size() == 2u);
  BOOST_CHECK_THROW(read_png(folder / "train/cat/a.png", 2), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()
