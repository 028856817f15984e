#pragma once
// Windows over a text, for training a recurrent network with carried state and for measuring one.

#include <cstdint>
#include <span>
#include <vector>

#include <xgrad/core/shape.hpp>

namespace xgrad::datasets {

struct TextStreamOptions {
  Index batch_size = 32;  ///< streams read side by side, by all ranks together
  Index seq_len = 50;     ///< characters of each in a window
  /// Which of how many processes this is: each reads its part of the streams, see shard_of().
  Index rank = 0;
  Index ranks = 1;
};

/// A piece of each stream: character t of stream b is at [t * batch + b].
struct TextWindow {
  /// Target of a step that is no prediction; cross_entropy leaves it out by default.
  static constexpr std::int32_t ignored = -100;

  Index steps = 0;                      ///< T
  Index batch = 0;                      ///< B, the streams of this rank
  std::vector<std::int32_t> ids{};      ///< [T * B], time-major
  std::vector<std::int32_t> targets{};  ///< [T * B], the character that follows each
  Index predictions = 0;                ///< targets that are not `ignored`
  bool restart = false;                 ///< begins anew: the state before it is not its past
  Index all_predictions = 0;            ///< predictions of all ranks

  /// The part of them that is here, 0 to 1.
  double share() const {
    return static_cast<double>(predictions) / static_cast<double>(all_predictions);
  }
};

/// Where the reading stands: all there is to save and restore.
struct TextPosition {
  Index epoch = 0;
  Index window = 0;  ///< how many windows of the epoch have been read
  friend bool operator==(const TextPosition&, const TextPosition&) = default;
};

/// Reads a text in B streams: the text is cut into B pieces of floor(n / B) characters, and stream
/// b reads piece b from its begin to its end, so the state that a network has after one window is
/// the state to begin the next one with:
///
///     TextStreams streams(split.train, {.batch_size = 32, .seq_len = 50});
///     for (...) {
///       const TextWindow& window = streams.next();
///       if (window.restart) state = {};
///       ...
///
/// An epoch is the full windows there are: floor((floor(n / B) - 1) / seq_len). What is left at the
/// end of each piece, seq_len characters at most, is not read; then all pieces begin again, and
/// `restart` says so.
class TextStreams {
 public:
  /// `ids` must outlive the streams. Throws ValueError, naming the option, below 1, for a rank that
  /// is not one of 0..ranks-1 or that has no stream, and for a text of fewer than batch_size *
  /// (seq_len + 1) characters.
  explicit TextStreams(std::span<const std::int32_t> ids, const TextStreamOptions& options = {});
  explicit TextStreams(std::vector<std::int32_t>&& ids,
                       const TextStreamOptions& options = {}) = delete;

  /// The next window, valid until the next call.
  const TextWindow& next();

  Index windows_per_epoch() const { return windows_; }
  /// On all ranks.
  Index characters_per_window() const { return options_.batch_size * options_.seq_len; }
  const TextStreamOptions& options() const { return options_; }

  /// Of the window that next() will give. At the end of an epoch it is the begin of the next one.
  TextPosition position() const { return position_; }
  /// Goes on from where a position was taken. The state at that point is the caller's to restore.
  /// Throws ValueError for a position that these streams cannot have.
  void set_position(const TextPosition& position);

 private:
  std::span<const std::int32_t> ids_;
  TextStreamOptions options_;
  Index stream_ = 0;  // characters of a piece
  Index windows_ = 0;
  TextPosition position_{};
  TextWindow window_{};
};

/// Reads a text once, for a loss that every character counts in: each but the first is the target
/// of exactly one prediction. As in TextStreams there are streams side by side, with these
/// differences: their lengths differ by one where the number of predictions is no multiple of B
/// (the shorter ones end in an `ignored` target), the last window is as short as what is left, and
/// a short text has fewer streams. Every stream begins with an empty state, so the first characters
/// of each are predicted with less context than the text would give: with batch_size 1 there is no
/// such loss.
///
///     TextScan scan(split.validation);
///     for (Index i = 0; i < scan.windows(); ++i) {
///       const TextWindow& window = scan.window(i);
///       total += mean loss of the window * window.predictions;
///     }
///     loss = total / scan.predictions();
///
/// With several ranks, `total` is to be summed over them. A rank may have no stream of a very short
/// text: its windows are empty then.
class TextScan {
 public:
  /// `ids` must outlive the scan. Throws ValueError as TextStreams does, but for a text of fewer
  /// than two characters.
  explicit TextScan(std::span<const std::int32_t> ids, const TextStreamOptions& options = {});
  explicit TextScan(std::vector<std::int32_t>&& ids,
                    const TextStreamOptions& options = {}) = delete;

  Index windows() const;
  /// The number of characters less one: of all ranks.
  Index predictions() const { return static_cast<Index>(ids_.size()) - 1; }
  /// Window `i` of 0..windows()-1, valid until the next call. `restart` is set on the first.
  /// Throws ValueError outside that range.
  const TextWindow& window(Index i);

 private:
  std::span<const std::int32_t> ids_;
  TextStreamOptions options_;
  Index stream_ = 0;  // predictions of the longest piece
  TextWindow window_{};
};

}  // namespace xgrad::datasets
