#include <boost/test/unit_test.hpp>

#include <datasets/loader.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/error.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <thread>
#include <utility>

#include "datasets/files.hpp"

using namespace xgrad;
using namespace xgrad::datasets;

namespace {

// The number of the image that row `row` of a batch shows: files::image_set counts in the first
// pixel.
Index shown(const Batch& batch, Index row, const LoaderOptions& options) {
  const float value = std::as_const(batch.images)[row].data()[0];
  return std::lround((value * options.deviation[0] + options.mean[0]) * 255) / 16;
}

std::vector<Batch> read_epoch(Loader& loader, Index epoch, Index next = 0) {
  std::vector<Batch> batches;
  for (const Batch& batch : loader.epoch(epoch, next)) batches.push_back(batch);
  return batches;
}

std::vector<Index> order_of(const std::vector<Batch>& batches, const LoaderOptions& options) {
  std::vector<Index> order;
  for (const Batch& batch : batches)
    for (Index row = 0; row < batch.images.shape(0); ++row)
      order.push_back(shown(batch, row, options));
  return order;
}

bool same(const Batch& a, const Batch& b) {
  return a.images.shape() == b.images.shape() && a.labels == b.labels && a.position == b.position &&
         std::memcmp(a.images.data(), b.images.data(),
                     static_cast<std::size_t>(a.images.size()) * sizeof(float)) == 0;
}

bool same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Batch& x, const Batch& y) { return same(x, y); });
}

void linger(int microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(datasets_loader)

BOOST_AUTO_TEST_CASE(without_shuffling_batches_follow_the_set) {
  const ImageSet set = files::image_set(7);
  const LoaderOptions options{.batch_size = 3, .shuffle = false};
  Loader loader(set, options);
  BOOST_TEST(loader.batches_per_epoch() == 3);
  const auto batches = read_epoch(loader, 0);
  BOOST_TEST_REQUIRE(batches.size() == 3u);
  BOOST_TEST((batches[0].images.shape() == Shape{3, 3, 2, 1}));
  BOOST_TEST((batches[2].images.shape() == Shape{1, 3, 2, 1}));
  BOOST_TEST((order_of(batches, options) == std::vector<Index>{0, 1, 2, 3, 4, 5, 6}));
  BOOST_TEST((batches[1].labels == std::vector<std::int32_t>{3, 4, 5}));
  BOOST_TEST((batches[2].position == LoaderPosition{0, 6}));
  const float expected = (static_cast<float>(16 * 4 + 5) / 255 - 0.1307f) / 0.3081f;
  BOOST_TEST(std::abs(std::as_const(batches[1].images)[1].data()[5] - expected) < 1e-6f);
}

BOOST_AUTO_TEST_CASE(a_last_partial_batch_can_be_dropped) {
  const ImageSet set = files::image_set(7);
  for (const Index prefetch : {0, 2}) {
    Loader loader(set, {.batch_size = 3, .drop_last = true, .prefetch = prefetch});
    BOOST_TEST(loader.batches_per_epoch() == 2);
    for (const Index epoch : {0, 1}) BOOST_TEST(read_epoch(loader, epoch).size() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(an_epoch_shows_every_image_once_in_an_order_of_its_own) {
  const ImageSet set = files::image_set(16);
  const LoaderOptions options{.batch_size = 5, .seed = 3};
  Loader loader(set, options);
  const auto first = order_of(read_epoch(loader, 0), options);
  const auto second = order_of(read_epoch(loader, 1), options);
  BOOST_TEST(first != second);
  for (auto order : {first, second}) {
    std::sort(order.begin(), order.end());
    for (Index i = 0; i < 16; ++i) BOOST_TEST(order[static_cast<std::size_t>(i)] == i);
  }
  // Not on what was read before: epoch 1 at once, and epoch 0 once more.
  Loader other(set, options);
  BOOST_TEST(order_of(read_epoch(other, 1), options) == second);
  BOOST_TEST(order_of(read_epoch(other, 0), options) == first);
  const LoaderOptions another_seed{.batch_size = 5, .seed = 4};
  Loader third(set, another_seed);
  BOOST_TEST(order_of(read_epoch(third, 0), another_seed) != first);
}

BOOST_AUTO_TEST_CASE(prefetching_and_the_readers_speed_change_nothing) {
  const ImageSet set = files::image_set(16, 9, 7);
  LoaderOptions options{
      .batch_size = 3, .seed = 5, .prefetch = 0, .augmentation = AugmentOptions{}};
  Loader plain(set, options);
  std::vector<std::vector<Batch>> expected;
  for (const Index epoch : {0, 1, 2}) expected.push_back(read_epoch(plain, epoch));
  for (const Index prefetch : {1, 2, 10})
    for (const int delay : {0, 300}) {
      options.prefetch = prefetch;
      Loader loader(set, options);
      for (const Index epoch : {0, 1, 2}) {
        std::size_t i = 0;
        for (const Batch& batch : loader.epoch(epoch)) {
          linger(delay);
          BOOST_TEST(same(batch, expected[static_cast<std::size_t>(epoch)].at(i++)));
        }
        BOOST_TEST(i == 6u);
      }
    }
}

BOOST_AUTO_TEST_CASE(next_ends_each_epoch_once_and_goes_on_with_the_next) {
  const ImageSet set = files::image_set(4);
  Loader loader(set, {.batch_size = 2});
  for (const Index epoch : {0, 1, 2}) {
    for (const Index next : {0, 2}) {
      const auto batch = loader.next();
      BOOST_TEST_REQUIRE(batch.has_value());
      BOOST_TEST((batch->position == LoaderPosition{epoch, next}));
    }
    BOOST_TEST(!loader.next().has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_run_resumes_at_any_position) {
  const ImageSet set = files::image_set(11, 5, 5);
  for (const Index prefetch : {0, 3}) {
    const LoaderOptions options{
        .batch_size = 4, .prefetch = prefetch, .augmentation = AugmentOptions{}};
    for (int steps = 0; steps <= 9; ++steps) {  // 4 steps an epoch: three batches and its end
      Loader whole(set, options);
      for (int i = 0; i < steps; ++i) whole.next();
      Loader resumed(set, options);
      resumed.set_position(whole.position());
      BOOST_TEST((resumed.position() == whole.position()));
      for (int i = 0; i < 6; ++i) {
        const auto a = whole.next(), b = resumed.next();
        BOOST_TEST_REQUIRE(a.has_value() == b.has_value());
        if (a) BOOST_TEST(same(*a, *b));
      }
    }
    Loader loader(set, options);
    const auto epoch = read_epoch(loader, 2);
    BOOST_TEST(same(read_epoch(loader, 2, 4), {epoch.begin() + 1, epoch.end()}));
  }
}

// The loader is torn down, and sent elsewhere, while its thread is anywhere.
BOOST_AUTO_TEST_CASE(jumps_and_the_end_may_come_at_any_time) {
  const ImageSet set = files::image_set(16, 28, 28);
  Loader plain(set, {.batch_size = 4, .prefetch = 0});
  for (int i = 0; i < 40; ++i) {
    Loader loader(set, {.batch_size = 4, .prefetch = 1 + i % 3});
    for (int jump = 0; jump < i % 4; ++jump) {
      const LoaderPosition to{i % 5 + jump, (i + jump) % 3 * 4};
      loader.set_position(to);
      plain.set_position(to);
      BOOST_TEST(same(*loader.next(), *plain.next()));
      linger(i * 7 % 60);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_loop_may_be_left_early_and_begun_again) {
  const ImageSet set = files::image_set(9);
  Loader loader(set, {.batch_size = 2});
  for (const Batch& batch : loader.epoch(0))
    if (batch.position.next == 4) break;
  BOOST_TEST((loader.position() == LoaderPosition{0, 6}));
  BOOST_TEST(read_epoch(loader, 0).size() == 5u);
}

// The set is changed before the thread starts with the first batch.
BOOST_AUTO_TEST_CASE(an_error_of_the_thread_reaches_the_reader) {
  for (const Index prefetch : {0, 2}) {
    ImageSet set = files::image_set(5);
    Loader loader(set, {.batch_size = 2, .prefetch = prefetch});
    const auto pixels = std::exchange(set.pixels, {});
    BOOST_CHECK_THROW(loader.next(), ValueError);
    BOOST_TEST((loader.position() == LoaderPosition{}));
    BOOST_CHECK_THROW(loader.next(), ValueError);
  }
}

BOOST_AUTO_TEST_CASE(reading_on_takes_no_memory_from_the_system) {
  const ImageSet set = files::image_set(16, 28, 28);
  for (const Index prefetch : {0, 2}) {
    Loader loader(set, {.batch_size = 5, .prefetch = prefetch});
    const auto before = pool_counters();
    for (Index epoch = 0; epoch < 20; ++epoch) {
      Tensor<float> held;  // as a graph holds the batch before
      for (const Batch& batch : loader.epoch(epoch)) {
        held = batch.images;
        if (epoch % 2 == 0) linger(50);
      }
    }
    BOOST_TEST(pool_counters().requests == before.requests);
    BOOST_TEST(pool_counters().live_bytes == before.live_bytes);
  }
}

BOOST_AUTO_TEST_CASE(batches_that_are_held_are_never_written_to) {
  const ImageSet set = files::image_set(16);
  const LoaderOptions options{.batch_size = 1, .shuffle = false, .prefetch = 2};
  Loader loader(set, options);
  const auto held = read_epoch(loader, 0);  // more than the loader has tensors of its own
  read_epoch(loader, 1);
  for (Index i = 0; i < 16; ++i)
    BOOST_TEST(shown(held[static_cast<std::size_t>(i)], 0, options) == i);
}

// Channels last, each by its own mean and deviation.
BOOST_AUTO_TEST_CASE(colours_are_normalised_each_by_its_own) {
  const ImageSet set = files::colour_set(3);  // 3 x 2 pixels
  for (const bool augmented : {false, true}) {
    LoaderOptions options{.batch_size = 2,
                          .shuffle = false,
                          .mean = {0.25F, 0.5F, 0.75F},
                          .deviation = {0.5F, 0.25F, 2.F}};
    if (augmented) options.augmentation = AugmentOptions{0, 0, 0};  // which moves nothing
    Loader loader(set, options);
    const auto batches = read_epoch(loader, 0);
    BOOST_TEST_REQUIRE((batches.at(0).images.shape() == Shape{2, 3, 2, 3}));
    BOOST_TEST_REQUIRE((batches.at(1).images.shape() == Shape{1, 3, 2, 3}));
    const auto values = batches[1].images.values();
    const auto pixels = set.image(2);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto c = static_cast<Index>(i % 3);
      const float expected =
          (static_cast<float>(pixels[i]) / 255 - options.mean[c]) / options.deviation[c];
      BOOST_TEST(std::abs(values[i] - expected) < 1e-5f, "value " << i << ": " << values[i]);
    }
  }
  // One number stands for all channels.
  Loader one(set, {.mean = 0.5F, .deviation = 0.25F});
  Loader three(set, {.mean = {0.5F, 0.5F, 0.5F}, .deviation = {0.25F, 0.25F, 0.25F}});
  BOOST_TEST(same(read_epoch(one, 0), read_epoch(three, 0)));
}

BOOST_AUTO_TEST_CASE(parts_of_a_colour_set_keep_their_pixels) {
  const ImageSet set = files::colour_set(10);
  const auto [train, validation] = split(set, 0.3, 1);
  BOOST_TEST(train.channels == 3);
  BOOST_TEST(validation.channels == 3);
  check(train, "train");
  check(validation, "validation");
  for (const ImageSet& part : {train, validation})
    for (Index i = 0; i < part.count; ++i) {
      const auto is = part.image(i), was = set.image(part.labels[static_cast<std::size_t>(i)]);
      BOOST_TEST(is == was, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_SUITE_END()
