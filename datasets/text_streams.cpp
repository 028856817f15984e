#include <datasets/shard.hpp>
#include <datasets/text_streams.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <xgrad/core/error.hpp>

namespace xgrad::datasets {
namespace {

void check(const TextStreamOptions& options, const char* who) {
  if (options.batch_size < 1)
    throw ValueError(fmt::format("{}: batch_size {} must be at least 1", who, options.batch_size));
  if (options.seq_len < 1)
    throw ValueError(fmt::format("{}: seq_len {} must be at least 1", who, options.seq_len));
  check_rank(who, options.rank, options.ranks, options.batch_size);
}

void resize(TextWindow& window, Index steps, Index batch) {
  window.steps = steps;
  window.batch = batch;
  window.ids.resize(static_cast<std::size_t>(steps * batch));
  window.targets.resize(window.ids.size());
}

// Puts characters begin.. and those that follow them into stream `b` of the window, `steps` of
// them.
void fill(TextWindow& window, Index b, std::span<const std::int32_t> ids, Index begin,
          Index steps) {
  for (Index t = 0; t < steps; ++t) {
    const auto to = static_cast<std::size_t>(t * window.batch + b);
    window.ids[to] = ids[static_cast<std::size_t>(begin + t)];
    window.targets[to] = ids[static_cast<std::size_t>(begin + t + 1)];
  }
}

}  // namespace

TextStreams::TextStreams(std::span<const std::int32_t> ids, const TextStreamOptions& options)
    : ids_(ids), options_(options) {
  check(options, "TextStreams");
  const Index n = static_cast<Index>(ids.size());
  const Index batch = options.batch_size, steps = options.seq_len;
  stream_ = n / batch;
  windows_ = (stream_ - 1) / steps;
  if (stream_ < 2 || windows_ < 1)
    throw ValueError(
        fmt::format("TextStreams: a text of {} characters is too short for one window: batch_size "
                    "{} x (seq_len "
                    "{} + 1) = {} are needed: use a longer text, {}",
                    n, batch, steps, batch * (steps + 1),
                    stream_ >= 2 ? fmt::format("or a seq_len of at most {}", stream_ - 1)
                                 : fmt::format("or a batch_size of at most {}", n / (steps + 1))));
}

const TextWindow& TextStreams::next() {
  const auto [first, last] = shard_of(options_.batch_size, options_.rank, options_.ranks);
  resize(window_, options_.seq_len, last - first);
  for (Index b = first; b < last; ++b)
    fill(window_, b - first, ids_, b * stream_ + position_.window * window_.steps, window_.steps);
  window_.predictions = window_.steps * window_.batch;
  window_.all_predictions = characters_per_window();
  window_.restart = position_.window == 0;
  if (++position_.window == windows_) position_ = {position_.epoch + 1, 0};
  return window_;
}

void TextStreams::set_position(const TextPosition& position) {
  if (position.epoch < 0 || position.window < 0 || position.window >= windows_)
    throw ValueError(
        fmt::format("TextStreams: position (epoch {}, window {}) is outside epoch 0 or "
                    "later, window 0 to {}: was it saved with another text, batch_size "
                    "or seq_len?",
                    position.epoch, position.window, windows_ - 1));
  position_ = position;
}

TextScan::TextScan(std::span<const std::int32_t> ids, const TextStreamOptions& options)
    : ids_(ids), options_(options) {
  check(options, "TextScan");
  if (ids.size() < 2)
    throw ValueError(
        fmt::format("TextScan: a text of {} characters has nothing to predict: use one "
                    "of two at least",
                    ids.size()));
  options_.batch_size = std::min(options.batch_size, predictions());
  stream_ = (predictions() + options_.batch_size - 1) / options_.batch_size;
}

Index TextScan::windows() const { return (stream_ + options_.seq_len - 1) / options_.seq_len; }

const TextWindow& TextScan::window(Index i) {
  if (i < 0 || i >= windows())
    throw ValueError(fmt::format("TextScan: window {} is outside 0 to {}", i, windows() - 1));
  const Index first = i * options_.seq_len;
  const Shard own = shard_of(options_.batch_size, options_.rank, options_.ranks);
  resize(window_, std::min(options_.seq_len, stream_ - first), own.end - own.begin);
  // The first `longer` streams have stream_ predictions, the others one less.
  const Index longer = predictions() - (stream_ - 1) * options_.batch_size;
  window_.predictions = window_.all_predictions = 0;
  for (Index b = 0; b < options_.batch_size; ++b) {
    const Index length = b < longer ? stream_ : stream_ - 1;
    const Index begin = b * (stream_ - 1) + std::min(b, longer);
    const Index steps = std::min(window_.steps, length - first);
    window_.all_predictions += steps;
    if (b < own.begin || b >= own.end) continue;
    fill(window_, b - own.begin, ids_, begin + first, steps);
    if (steps < window_.steps) {
      const auto last = static_cast<std::size_t>(steps * window_.batch + b - own.begin);
      window_.ids[last] = ids_[static_cast<std::size_t>(begin + length)];
      window_.targets[last] = TextWindow::ignored;
    }
    window_.predictions += steps;
  }
  window_.restart = i == 0;
  return window_;
}

}  // namespace xgrad::datasets
