#include <datasets/loader.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <xgrad/core/error.hpp>

namespace xgrad::datasets {
namespace {

void check(const LoaderOptions& options, const ImageSet& images) {
  check(images, "Loader");
  if (options.batch_size < 1)
    throw ValueError(fmt::format("Loader: batch_size {} must be at least 1", options.batch_size));
  check_rank("Loader", options.rank, options.ranks, options.batch_size);
  if (options.prefetch < 0)
    throw ValueError(fmt::format("Loader: prefetch {} must be 0 (none) or more", options.prefetch));
  for (const auto& [name, values] : {std::pair("mean", options.mean.values()),
                                     std::pair("deviation", options.deviation.values())})
    if (const auto n = static_cast<Index>(values.size()); n != 1 && n != images.channels)
      throw ValueError(fmt::format("Loader: {} has {} numbers for {} channels: give one for each, "
                                   "or one for all",
                                   name, n, images.channels));
  for (Index c = 0; c < images.channels; ++c)
    if (const float mean = options.mean[c], deviation = options.deviation[c];
        !(deviation > 0) || !std::isfinite(deviation) || !std::isfinite(mean))
      throw ValueError(
          fmt::format("Loader: mean {} and deviation {} must be finite and the deviation "
                      "positive: use 0 and 1 to leave pixels as they are",
                      mean, deviation));
  if (options.drop_last && options.batch_size > images.count)
    throw ValueError(
        fmt::format("Loader: drop_last with batch_size {} leaves no batch of {} images: "
                    "use a smaller batch_size",
                    options.batch_size, images.count));
  if (options.augmentation) check(*options.augmentation);
}

// f(mean, deviation) for each channel.
template <class F>
PerChannel for_channels(const LoaderOptions& options, const ImageSet& images, const F& f) {
  std::vector<float> values;
  for (Index c = 0; c < images.channels; ++c)
    values.push_back(f(options.mean[c], options.deviation[c]));
  return values;
}

}  // namespace

Loader::Loader(const ImageSet& images, const LoaderOptions& options)
    : images_(images), options_(options), scale_(1), offset_(0) {
  check(options, images);
  scale_ = for_channels(options, images,
                        [](float, float deviation) { return 1 / (255 * deviation); });
  offset_ = for_channels(options, images,
                         [](float mean, float deviation) { return -mean / deviation; });
  // In use at once: those ready, one in preparation, the reader's, and the one before it that a
  // graph may still hold.
  const Index batch = largest_shard(std::min(options.batch_size, images.count), options.ranks);
  for (Index i = 0; i < options.prefetch + 3; ++i)
    tensors_.push_back(Tensor<float>::empty({batch, images.height, images.width, images.channels}));
  moved_.resize(images.image(0).size());
}

Loader::~Loader() = default;

std::optional<Batch> Loader::next() {
  if (batch_size_at(position_) == 0) {
    position_ = after(position_);
    return std::nullopt;
  }
  std::optional<Batch> batch = options_.prefetch > 0 ? prefetched() : make(position_);
  position_ = after(position_);
  return batch;
}

Loader::Epoch Loader::epoch(Index epoch, Index next) {
  set_position({epoch, next});
  return Epoch(*this);
}

void Loader::set_position(const LoaderPosition& position) {
  if (position.epoch < 0 || position.next < 0 || position.next > images_.count)
    throw ValueError(
        fmt::format("Loader: position (epoch {}, next {}) is outside epoch 0 or later, "
                    "next 0 to {}: was it saved with another data set?",
                    position.epoch, position.next, images_.count));
  if (position == position_) return;  // keeps what was prepared ahead
  position_ = position;
  const std::lock_guard lock(mutex_);
  ahead_ = position;
  ++moves_;
  ready_.clear();
  error_ = nullptr;
  changed_.notify_all();
}

Index Loader::batches_per_epoch() const {
  const Index whole = images_.count / options_.batch_size;
  return options_.drop_last || images_.count % options_.batch_size == 0 ? whole : whole + 1;
}

Index Loader::batch_size_at(const LoaderPosition& position) const {
  const Index left = images_.count - position.next;
  if (options_.drop_last && left < options_.batch_size) return 0;
  return std::min(left, options_.batch_size);
}

LoaderPosition Loader::after(const LoaderPosition& position) const {
  const Index n = batch_size_at(position);
  return n == 0 ? LoaderPosition{position.epoch + 1, 0}
                : LoaderPosition{position.epoch, position.next + n};
}

Tensor<float> Loader::free_tensor() {
  for (const Tensor<float>& tensor : tensors_)
    if (tensor.unique()) return tensor;
  return Tensor<float>::empty(tensors_.front().shape());  // the reader holds on to many batches
}

Batch Loader::make(const LoaderPosition& position) {
  if (static_cast<Index>(images_.labels.size()) != images_.count ||
      static_cast<Index>(images_.pixels.size()) !=
          images_.count * images_.height * images_.width * images_.channels)
    throw ValueError(
        "Loader: the image set was changed after the loader was made: keep it as it is "
        "while a loader reads it");
  if (order_epoch_ != position.epoch) {
    order_.resize(static_cast<std::size_t>(images_.count));
    std::iota(order_.begin(), order_.end(), Index{0});
    if (options_.shuffle)
      order_ = RandomStream(options_.seed, "shuffling")
                   .fork(static_cast<std::uint64_t>(position.epoch))
                   .permutation(images_.count);
    order_epoch_ = position.epoch;
  }
  const RandomStream random =
      RandomStream(options_.seed, "augmentation").fork(static_cast<std::uint64_t>(position.epoch));
  const Index size = batch_size_at(position);
  const auto [first, last] = shard_of(size, options_.rank, options_.ranks);
  const Index n = last - first;
  const auto normaliser = [&](Index channel) {
    return [scale = scale_[channel], offset = offset_[channel]](auto pixel) {
      return static_cast<float>(pixel) * scale + offset;
    };
  };
  const auto normalise = [&](const auto& pixels, float* to) {
    const auto step = static_cast<std::size_t>(images_.channels);
    if (step == 1)  // by vector code
      return std::transform(pixels.begin(), pixels.end(), to, normaliser(0));
    for (std::size_t c = 0; c < step; ++c) {
      const auto normalised = normaliser(static_cast<Index>(c));
      for (std::size_t i = c; i < pixels.size(); i += step) to[i] = normalised(pixels[i]);
    }
    return to + pixels.size();
  };

  Batch batch{free_tensor().slice(0, n), {}, position, size};
  batch.labels.reserve(static_cast<std::size_t>(n));
  float* out = batch.images.data();
  for (Index i = 0; i < n; ++i) {
    const Index example = order_[static_cast<std::size_t>(position.next + first + i)];
    const auto pixels = images_.image(example);
    batch.labels.push_back(images_.labels[static_cast<std::size_t>(example)]);
    if (options_.augmentation) {
      augment(pixels, images_.height, images_.width, *options_.augmentation,
              random.fork(static_cast<std::uint64_t>(example)), moved_);
      out = normalise(moved_, out);
    } else {
      out = normalise(pixels, out);
    }
  }
  return batch;
}

std::optional<Batch> Loader::prefetched() {
  if (!thread_.joinable())
    thread_ = std::jthread([this](const std::stop_token& stop) { run_ahead(stop); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !ready_.empty() || error_; });
  changed_.notify_all();
  if (ready_.empty()) std::rethrow_exception(std::exchange(error_, nullptr));
  std::optional<Batch> batch = std::move(ready_.front());
  ready_.pop_front();
  return batch;
}

void Loader::run_ahead(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto has_work = [&] {
    return !error_ && static_cast<Index>(ready_.size()) < options_.prefetch;
  };
  while (changed_.wait(lock, stop, has_work) && !stop.stop_requested()) {
    if (batch_size_at(ahead_) == 0) {
      ahead_ = after(ahead_);
      continue;
    }
    const LoaderPosition position = ahead_;
    const Index moves = moves_;
    std::optional<Batch> batch;
    std::exception_ptr error;
    lock.unlock();
    try {
      batch = make(position);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (moves != moves_) continue;
    if (error) {
      error_ = error;
    } else {
      ready_.push_back(std::move(*batch));
      ahead_ = after(position);
    }
    changed_.notify_all();
  }
}

}  // namespace xgrad::datasets
