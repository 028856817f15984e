#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

#include <datasets/loader.hpp>
#include <datasets/synthetic_digits.hpp>
#include <datasets/text_streams.hpp>
#include <xgrad/core/error.hpp>

using namespace xgrad;
using namespace xgrad::datasets;

namespace {

// Every batch of two epochs, from the middle of the first one.
std::vector<Batch> read(const ImageSet& images, const LoaderOptions& options) {
  Loader loader(images, options);
  loader.set_position({0, 8});
  std::vector<Batch> batches;
  for (int ends = 0; ends < 2;)
    if (auto batch = loader.next())
      batches.push_back(std::move(*batch));
    else
      ++ends;
  return batches;
}

std::vector<std::int32_t> characters(Index n) {
  std::vector<std::int32_t> ids;
  for (Index i = 0; i < n; ++i) ids.push_back(static_cast<std::int32_t>((i * i + 3 * i) % 17));
  return ids;
}

// Stream `b` of a window, with the character that follows it.
std::vector<std::int32_t> stream(const TextWindow& window, Index b) {
  std::vector<std::int32_t> ids;
  for (Index t = 0; t < window.steps; ++t) {
    const auto at = static_cast<std::size_t>(t * window.batch + b);
    ids.insert(ids.end(), {window.ids[at], window.targets[at]});
  }
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shards)

// 30 images: the last batch has 6 where the others have 8.
BOOST_AUTO_TEST_CASE(are_together_the_batches_of_one_process) {
  const ImageSet images = synthetic_digits(30, 1);
  LoaderOptions options{.batch_size = 8, .seed = 3, .augmentation = AugmentOptions{}};
  const auto whole = read(images, options);
  BOOST_TEST(whole.size() == 3U + 4U);
  for (const Index ranks : {1, 2, 3, 4, 7}) {
    options.ranks = ranks;
    std::vector<std::vector<Batch>> parts;
    for (options.rank = 0; options.rank < ranks; ++options.rank)
      parts.push_back(read(images, options));
    for (std::size_t k = 0; k < whole.size(); ++k) {
      std::vector<std::int32_t> labels;
      std::vector<float> pixels;
      double share = 0;
      for (const auto& part : parts) {
        const Batch& batch = part.at(k);
        BOOST_TEST((batch.position == whole[k].position));
        BOOST_TEST(batch.size == whole[k].size);
        BOOST_TEST(batch.images.shape(0) == static_cast<Index>(batch.labels.size()));
        share += batch.share();
        labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
        const auto values = batch.images.values();
        pixels.insert(pixels.end(), values.begin(), values.end());
      }
      BOOST_TEST(labels == whole[k].labels, boost::test_tools::per_element());
      BOOST_TEST(std::ranges::equal(pixels, whole[k].images.values()));
      BOOST_TEST(std::abs(share - 1) < 1e-15);
    }
    for (const auto& part : parts) BOOST_TEST(part.size() == whole.size());
  }
}

BOOST_AUTO_TEST_CASE(of_text_are_the_streams_of_one_process) {
  const auto ids = characters(230);
  for (const Index ranks : {1, 2, 3, 5}) {
    TextStreams whole(ids, {.batch_size = 5, .seq_len = 7});
    std::vector<TextStreams> parts;
    for (Index rank = 0; rank < ranks; ++rank)
      parts.emplace_back(
          ids, TextStreamOptions{.batch_size = 5, .seq_len = 7, .rank = rank, .ranks = ranks});
    for (Index k = 0; k < whole.windows_per_epoch() + 2; ++k) {
      const TextWindow& window = whole.next();
      Index b = 0;
      for (TextStreams& part : parts) {
        const TextWindow& own = part.next();
        BOOST_TEST(own.restart == window.restart);
        BOOST_TEST(own.all_predictions == window.predictions);
        for (Index i = 0; i < own.batch; ++i)
          BOOST_TEST(stream(own, i) == stream(window, b++), boost::test_tools::per_element());
        BOOST_TEST((part.position() == whole.position()));
      }
      BOOST_TEST(b == window.batch);
    }
  }
}

BOOST_AUTO_TEST_CASE(of_a_scan_count_every_character_once) {
  const auto ids = characters(54);
  for (const Index ranks : {1, 2, 4}) {
    TextScan whole(ids, {.batch_size = 4, .seq_len = 6});
    std::vector<TextScan> parts;
    for (Index rank = 0; rank < ranks; ++rank)
      parts.emplace_back(
          ids, TextStreamOptions{.batch_size = 4, .seq_len = 6, .rank = rank, .ranks = ranks});
    Index predictions = 0;
    for (Index k = 0; k < whole.windows(); ++k) {
      const TextWindow& window = whole.window(k);
      Index b = 0;
      for (TextScan& part : parts) {
        const TextWindow& own = part.window(k);
        BOOST_TEST(own.all_predictions == window.predictions);
        predictions += own.predictions;
        for (Index i = 0; i < own.batch; ++i)
          BOOST_TEST(stream(own, i) == stream(window, b++), boost::test_tools::per_element());
      }
    }
    BOOST_TEST(predictions == whole.predictions());
  }
}

BOOST_AUTO_TEST_CASE(need_a_rank_and_something_for_it) {
  const ImageSet images = synthetic_digits(5, 1);
  const auto ids = characters(100);
  BOOST_CHECK_THROW(Loader(images, {.rank = 2, .ranks = 2}), ValueError);
  BOOST_CHECK_THROW(Loader(images, {.rank = -1, .ranks = 2}), ValueError);
  BOOST_CHECK_THROW(Loader(images, {.ranks = 0}), ValueError);
  BOOST_CHECK_THROW(Loader(images, {.batch_size = 2, .ranks = 3}), ValueError);
  BOOST_CHECK_THROW(TextStreams(ids, {.batch_size = 2, .seq_len = 5, .ranks = 3}), ValueError);
  BOOST_CHECK_THROW(TextScan(ids, {.batch_size = 2, .seq_len = 5, .rank = 2, .ranks = 2}),
                    ValueError);
}

BOOST_AUTO_TEST_SUITE_END()
