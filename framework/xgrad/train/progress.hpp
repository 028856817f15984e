#pragma once
// How far a loop has come, for whoever waits for it.

#include <functional>
#include <string>
#include <string_view>

#include <xgrad/core/shape.hpp>

namespace xgrad::train {

/// Where a progress display goes; the defaults are stderr and the clock.
struct ProgressOptions {
  std::string unit = "images";
  /// The bar is drawn again and again on one line; else plain lines are written, one every
  /// `interval` seconds.
  bool terminal = false;
  int columns = 80;      ///< width of the terminal
  double interval = 10;  ///< seconds between plain lines
  std::function<void(std::string_view)> write{};
  std::function<double()> seconds{};  ///< a clock that never goes back
};

/// As the standard error stream asks for: whether it is a terminal (and TERM is not "dumb"), and
/// how wide it is.
ProgressOptions progress_on_stderr(std::string unit);

/// Shows a loop's progress:
///   epoch 1  [=========>          ]  45 %  27008/60000  9512 images/s  3 s left  loss 0.321
/// on a terminal, else such a line without the bar at times, and always one at the end.
/// Updates are cheap: most draw nothing.
class Progress {
 public:
  /// `total` steps are to do, of which `done` have been done before (by a run that is resumed).
  Progress(std::string label, Index total, ProgressOptions options = progress_on_stderr("images"),
           Index done = 0);
  /// Ends the line of a bar that is still shown, as when an exception passes.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` steps are done; `note` ("loss 0.321") is shown at the end of the line.
  void update(Index done, std::string_view note = "");
  /// Takes the bar off the terminal, so that something else can be written; the next update draws
  /// it again.
  void clear();
  /// Shows the last state, with the time taken, and ends the line. Later calls do nothing.
  void finish(std::string_view note = "");

  /// Steps per second since the start; 0 before the first.
  double rate() const;

 private:
  std::string line(std::string_view note, bool last) const;
  void draw(std::string_view note, bool last);

  std::string label_;
  ProgressOptions options_;
  Index total_, first_, done_;
  double start_, last_drawn_;
  bool shown_ = false;  // a bar stands on the terminal's current line
  bool finished_ = false;
};

/// "42 s", "3 min 05 s", "2 h 07 min".
std::string format_duration(double seconds);

}  // namespace xgrad::train
