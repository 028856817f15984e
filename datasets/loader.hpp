#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <datasets/augment.hpp>
#include <datasets/image_set.hpp>
#include <datasets/shard.hpp>
#include <xgrad/core/tensor.hpp>

namespace xgrad::datasets {

/// A number for each channel of an image, or one for all of them.
class PerChannel {
 public:
  PerChannel(float value) : values_{value} {}  // implicit: grey images have but one
  PerChannel(std::vector<float> values) : values_(std::move(values)) {}
  PerChannel(std::initializer_list<float> values) : values_(values) {}

  float operator[](Index channel) const {
    return values_.size() == 1 ? values_.front() : values_[static_cast<std::size_t>(channel)];
  }
  const std::vector<float>& values() const { return values_; }
  friend bool operator==(const PerChannel&, const PerChannel&) = default;

 private:
  std::vector<float> values_;
};

struct LoaderOptions {
  Index batch_size = 64;   ///< of all ranks together
  bool shuffle = true;     ///< a new order each epoch; else that of the set
  bool drop_last = false;  ///< leave out a last batch of fewer than batch_size images
  std::uint64_t seed = 0;  ///< of shuffling and augmentation
  Index prefetch = 2;      ///< batches prepared ahead, on a thread of its own; 0: none, no thread
  std::optional<AugmentOptions> augmentation{};
  /// Pixels become (pixel / 255 - mean) / deviation. The defaults are MNIST's.
  PerChannel mean = 0.1307f;
  PerChannel deviation = 0.3081f;
  /// Which of how many processes this is: each gets its part of every batch, see shard_of().
  Index rank = 0;
  Index ranks = 1;
};

/// Where a loader stands: all there is to save and restore.
struct LoaderPosition {
  Index epoch = 0;
  Index next = 0;  ///< how many examples of the epoch have been handed out
  friend bool operator==(const LoaderPosition&, const LoaderPosition&) = default;
};

struct Batch {
  Tensor<float> images{};              ///< [N, height, width, channels], normalised
  std::vector<std::int32_t> labels{};  ///< [N]
  LoaderPosition position{};           ///< where the loader stood before this batch
  Index size = 0;                      ///< N of all ranks together

  /// The part of it that is here, 0 to 1.
  double share() const { return static_cast<double>(labels.size()) / static_cast<double>(size); }
};

/// Cuts an image set into batches, epoch after epoch:
///
///     Loader loader(mnist.train, {.batch_size = 64, .seed = 1});
///     for (Index epoch = 0; epoch < 5; ++epoch)
///       for (const Batch& batch : loader.epoch(epoch)) ...
///
/// What is in a batch depends on the set, the options and the batch's position only: not on what
/// was read before, on prefetching, on threads or on the reader's speed. The order of an epoch is
/// drawn from (seed, epoch), the augmentation of an example from (seed, epoch, example).
///
/// With several ranks, all of them draw the same order and have the same positions, and the parts
/// of a batch that they get are together the batch that one process would get: disjoint, complete,
/// and equal in size but for one image. A rank's part is empty where a last batch has fewer images
/// than there are ranks.
///
/// The tensors are reused once nobody else holds them, so that reading on takes no new memory from
/// the pool. To be read by one thread at a time.
class Loader {
 public:
  class Epoch;

  /// `images` must outlive the loader and not change. Throws ShapeError or ValueError, naming the
  /// option, if the set is empty or inconsistent, batch_size < 1, prefetch < 0, rank is not one of
  /// 0..ranks-1, batch_size < ranks, a deviation is not positive, mean or deviation has neither one
  /// number nor one for each channel, the augmentation is out of range, or drop_last would leave no
  /// batch at all.
  explicit Loader(const ImageSet& images, const LoaderOptions& options = {});
  Loader(const ImageSet&& images, const LoaderOptions& options = {}) = delete;
  ~Loader();

  /// The next batch of the epoch; nothing at its end, and then the next epoch begins. Throws what
  /// preparing the batch threw (out of memory, or ValueError if the set has changed); the position
  /// is then unchanged, and another call tries again.
  std::optional<Batch> next();

  /// The batches of epoch `epoch`, from where `next` examples have been handed out. Moves the
  /// loader there, at once. Throws ValueError for a position outside the set.
  Epoch epoch(Index epoch, Index next = 0);

  LoaderPosition position() const { return position_; }
  /// Throws ValueError for a position outside the set.
  void set_position(const LoaderPosition& position);

  /// Of a whole epoch.
  Index batches_per_epoch() const;
  const ImageSet& images() const { return images_; }
  const LoaderOptions& options() const { return options_; }

 private:
  // How many images the batch at this position has, on all ranks: 0 at the end of the epoch.
  Index batch_size_at(const LoaderPosition& position) const;
  LoaderPosition after(const LoaderPosition& position) const;
  Batch make(const LoaderPosition& position);
  Tensor<float> free_tensor();
  std::optional<Batch> prefetched();
  void run_ahead(const std::stop_token& stop);

  const ImageSet& images_;
  const LoaderOptions options_;
  LoaderPosition position_{};

  // Of make(), thus of the thread if there is one.
  std::vector<Index> order_;
  Index order_epoch_ = -1;
  std::vector<Tensor<float>> tensors_;
  std::vector<float> moved_;
  PerChannel scale_, offset_;  // pixel * scale + offset is normalised

  // Shared with the thread.
  std::mutex mutex_;
  std::condition_variable_any changed_;
  LoaderPosition ahead_{};  // of the batch to be prepared next
  Index moves_ = 0;         // counts the jumps: what was begun before one is dropped
  std::deque<Batch> ready_;
  std::exception_ptr error_;  // of the batch at ahead_
  std::jthread thread_;       // the last member: it ends before the others go
};

/// A range to be walked once.
class Loader::Epoch {
 public:
  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(Loader& loader) : loader_(&loader), batch_(loader.next()) {}
    const Batch& operator*() const { return *batch_; }
    const Batch* operator->() const { return &*batch_; }
    Iterator& operator++() {
      batch_.reset();  // its tensor can serve again
      batch_ = loader_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return !it.batch_; }

   private:
    Loader* loader_ = nullptr;
    std::optional<Batch> batch_{};
  };

  explicit Epoch(Loader& loader) : loader_(&loader) {}
  Iterator begin() const { return Iterator(*loader_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  Loader* loader_;
};

}  // namespace xgrad::datasets
