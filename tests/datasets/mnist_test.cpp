#include <boost/test/unit_test.hpp>

#include <datasets/idx.hpp>
#include <datasets/mnist.hpp>
#include <datasets/synthetic_digits.hpp>
#include <xgrad/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <set>

#include "datasets/files.hpp"

using namespace xgrad;
using namespace xgrad::datasets;
using files::Environment;
using files::TemporaryFolder;

BOOST_AUTO_TEST_SUITE(datasets_mnist)

BOOST_AUTO_TEST_CASE(a_folder_is_read_under_all_of_its_names) {
  const TemporaryFolder folder;
  files::write_mnist(folder.path());
  const Mnist first = load_mnist(folder.path());
  BOOST_TEST(first.name == "IDX images");
  BOOST_TEST(first.source == folder.path().string());
  BOOST_TEST(first.train.count == 7);
  BOOST_TEST(first.test.count == 5);
  BOOST_TEST(first.train.height == 3);
  BOOST_TEST(first.train.width == 2);
  BOOST_TEST(first.train.pixels == files::image_set(7).pixels, boost::test_tools::per_element());
  BOOST_TEST(first.test.labels == files::image_set(5).labels, boost::test_tools::per_element());
  for (const char* stem : {"train-images", "train-labels", "t10k-images", "t10k-labels"}) {
    const int rank = std::string(stem).ends_with("images") ? 3 : 1;
    const std::string idx = "idx" + std::to_string(rank) + "-ubyte";
    const auto dashed = folder / (std::string(stem) + "-" + idx + ".gz");
    write_idx(folder / (std::string(stem) + "." + idx), read_idx(dashed, rank));
    files::fs::remove(dashed);
    BOOST_TEST(load_mnist(folder.path()).train.pixels == first.train.pixels);
  }
}

BOOST_AUTO_TEST_CASE(a_missing_file_lists_the_paths_tried) {
  const TemporaryFolder folder;
  files::write_mnist(folder.path());
  files::fs::remove(folder / "t10k-labels-idx1-ubyte.gz");
  try {
    load_mnist(folder.path());
    BOOST_ERROR("nothing was thrown");
  } catch (const IoError& error) {
    const std::string message = error.what();
    for (const char* name : {"t10k-labels-idx1-ubyte", "t10k-labels-idx1-ubyte.gz",
                             "t10k-labels.idx1-ubyte", "t10k-labels.idx1-ubyte.gz"})
      BOOST_TEST(message.find("\n  " + (folder / name).string()) != std::string::npos, message);
  }
}

BOOST_AUTO_TEST_CASE(data_is_found_where_the_environment_says_and_in_the_cache) {
  const TemporaryFolder data, cache;
  const Environment data_set("XGRAD_DATA", data.path().string());
  const Environment cache_set("XDG_CACHE_HOME", cache.path().string());
  const auto places = mnist_places();
  BOOST_TEST_REQUIRE(places.size() >= 3u);
  BOOST_TEST(places[0].folder == data / "mnist");
  BOOST_TEST(places[1].folder == cache / "xgrad/mnist");
  BOOST_TEST(places.back().folder == "/usr/share/datasets/fashion-mnist");
  BOOST_TEST(places[2].folder == cache / "xgrad/fashion-mnist");
  BOOST_TEST(!places[0].found);

  files::write_mnist(cache / "xgrad/fashion-mnist");
  BOOST_TEST(find_mnist().source == (cache / "xgrad/fashion-mnist").string());
  files::write_mnist(cache / "xgrad/mnist");
  BOOST_TEST(find_mnist().source == (cache / "xgrad/mnist").string());
  files::write_mnist(data / "mnist");
  BOOST_TEST(find_mnist().source == (data / "mnist").string());

  // Data that is there but damaged is not passed over, and neither is a --data without any.
  files::fs::remove(data / "mnist/train-labels-idx1-ubyte.gz");
  BOOST_CHECK_THROW(find_mnist(), IoError);
  BOOST_CHECK_THROW(find_mnist(data / "nothing"), IoError);
  BOOST_TEST(find_mnist(cache / "xgrad/mnist").train.count == 7);
}

BOOST_AUTO_TEST_CASE(where_nothing_is_found_digits_are_drawn) {
  const Mnist mnist = find_mnist(std::nullopt, {{"a folder", "no/such/folder", false}});
  BOOST_TEST(mnist.name == "synthetic digits");
  BOOST_TEST(mnist.source == "built-in generator, seed 0");
  BOOST_TEST(mnist.train.count == 60000);
  BOOST_TEST(mnist.test.count == 10000);
}

BOOST_AUTO_TEST_CASE(the_cache_is_in_the_home_folder_by_default) {
  const TemporaryFolder home;
  const Environment unset("XDG_CACHE_HOME", std::nullopt), no_data("XGRAD_DATA", std::nullopt);
  const Environment home_set("HOME", home.path().string());
  BOOST_TEST(mnist_places().at(0).folder == home / ".cache/xgrad/mnist");
}

BOOST_AUTO_TEST_CASE(the_real_mnist) {
  const auto folder = files::real_mnist();
  if (!folder) {
    BOOST_TEST_MESSAGE("skipped: no MNIST files in $XGRAD_DATA/mnist or ../shared/data/mnist");
    return;
  }
  const Mnist mnist = load_mnist(*folder);
  BOOST_TEST(mnist.name == "MNIST");
  BOOST_TEST(mnist.train.count == 60000);
  BOOST_TEST(mnist.test.count == 10000);
  BOOST_TEST(mnist.train.height == 28);
  // The first labels, and the mean and deviation that everybody normalises with.
  BOOST_TEST(mnist.train.labels[0] == 5);
  BOOST_TEST(mnist.test.labels[0] == 7);
  std::uint64_t sum = 0, squares = 0;
  for (const std::uint64_t pixel : mnist.train.pixels) {
    sum += pixel;
    squares += pixel * pixel;
  }
  const double n = static_cast<double>(mnist.train.pixels.size());
  const double mean = static_cast<double>(sum) / n / 255;
  BOOST_TEST(std::abs(mean - 0.1307) < 5e-5);
  BOOST_TEST(std::abs(std::sqrt(static_cast<double>(squares) / n / 255 / 255 - mean * mean) -
                      0.3081) < 5e-5);
}

BOOST_AUTO_TEST_CASE(the_real_fashion_mnist) {
  const auto place = mnist_places().back();
  if (!place.found) {
    BOOST_TEST_MESSAGE("skipped: " << place.what << " is not installed");
    return;
  }
  const Mnist mnist = load_mnist(place.folder);
  BOOST_TEST(mnist.name == "Fashion-MNIST");
  for (std::int32_t label = 0; label < 10; ++label)
    BOOST_TEST(std::count(mnist.train.labels.begin(), mnist.train.labels.end(), label) == 6000);
}

BOOST_AUTO_TEST_CASE(a_split_takes_every_image_once_and_keeps_the_order) {
  const ImageSet set = files::image_set(16);
  const Split a = split(set, 0.25, 1);
  BOOST_TEST(a.train.count == 12);
  BOOST_TEST(a.validation.count == 4);
  std::set<std::uint8_t> seen;
  for (const ImageSet* part : {&a.train, &a.validation}) {
    check(*part, "split");
    for (Index i = 0; i < part->count; ++i) {
      BOOST_TEST(seen.insert(part->image(i)[0]).second);
      BOOST_TEST(part->labels[static_cast<std::size_t>(i)] == part->image(i)[0] / 16 % 10);
      if (i > 0) BOOST_TEST(part->image(i - 1)[0] < part->image(i)[0]);
    }
  }
  BOOST_TEST(split(set, 0.25, 1).validation.pixels == a.validation.pixels);
  BOOST_TEST(split(set, 0.25, 2).validation.pixels != a.validation.pixels);
  BOOST_TEST(split(set, 1e-9, 1).validation.count == 1);
  BOOST_TEST(split(set, 0.999, 1).train.count == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(datasets_synthetic_digits)

BOOST_AUTO_TEST_CASE(images_depend_on_seed_and_index_only) {
  const ImageSet many = synthetic_digits(50, 3);
  const ImageSet few = synthetic_digits(20, 3);
  BOOST_TEST(std::equal(few.pixels.begin(), few.pixels.end(), many.pixels.begin()));
  BOOST_TEST(synthetic_digits(20, 4).pixels != few.pixels);
  const Mnist mnist = synthetic_mnist(3, 20, 20);
  BOOST_TEST(mnist.train.pixels == few.pixels);
  BOOST_TEST(mnist.test.pixels != few.pixels);
  BOOST_TEST(mnist.name == "synthetic digits");
}

// The images show their labels: the nearest of 1500 others mostly has the same one. Blind guessing
// would be right for a tenth of them.
BOOST_AUTO_TEST_CASE(images_show_their_labels) {
  const Mnist mnist = synthetic_mnist(1, 1500, 150);
  check(mnist.train, "synthetic");
  for (std::int32_t digit = 0; digit < 10; ++digit)
    BOOST_TEST(std::count(mnist.train.labels.begin(), mnist.train.labels.end(), digit) > 100);
  int right = 0;
  for (Index i = 0; i < mnist.test.count; ++i) {
    const auto image = mnist.test.image(i);
    std::size_t nearest = 0;
    int least = std::numeric_limits<int>::max();
    for (Index j = 0; j < mnist.train.count; ++j) {
      const int distance =
          std::transform_reduce(image.begin(), image.end(), mnist.train.image(j).begin(), 0,
                                std::plus<>(), [](int a, int b) { return (a - b) * (a - b); });
      if (distance < least) {
        least = distance;
        nearest = static_cast<std::size_t>(j);
      }
    }
    right += mnist.train.labels[nearest] == mnist.test.labels[static_cast<std::size_t>(i)];
  }
  BOOST_TEST_MESSAGE(right << " of " << mnist.test.count << " by their nearest neighbour");
  BOOST_TEST(right > mnist.test.count / 2);
}

BOOST_AUTO_TEST_CASE(they_pass_through_files_unchanged) {
  const TemporaryFolder folder;
  const Mnist mnist = synthetic_mnist(0, 12, 7);
  save_mnist(mnist, folder / "new/folder");
  const Mnist back = load_mnist(folder / "new/folder");
  BOOST_TEST(back.train.pixels == mnist.train.pixels);
  BOOST_TEST(back.test.labels == mnist.test.labels);
}

BOOST_AUTO_TEST_SUITE_END()
