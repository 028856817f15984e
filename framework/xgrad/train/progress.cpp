#include <xgrad/train/progress.hpp>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace xgrad::train {
namespace {

constexpr double seconds_between_drawings = 0.1;
constexpr std::string_view clear_line = "\r\x1b[K";

double steady_seconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

void write_to_stderr(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

// "[====>     ]", `width` characters in all.
std::string bar(double fraction, int width) {
  const int inside = width - 2;
  const int filled = static_cast<int>(fraction * inside);
  std::string result(static_cast<std::size_t>(filled), '=');
  if (filled < inside) result += '>';
  result.resize(static_cast<std::size_t>(inside), ' ');
  return '[' + result + ']';
}

}  // namespace

std::string format_duration(double seconds) {
  const auto whole = static_cast<long long>(std::llround(std::max(0.0, seconds)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

ProgressOptions progress_on_stderr(std::string unit) {
  ProgressOptions options{.unit = std::move(unit)};
  const char* const term = std::getenv("TERM");
  options.terminal =
      isatty(STDERR_FILENO) != 0 && term != nullptr && std::string_view(term) != "dumb";
  winsize size{};
  if (options.terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    options.columns = size.ws_col;
  return options;
}

Progress::Progress(std::string label, Index total, ProgressOptions options, Index done)
    : label_(std::move(label)),
      options_(std::move(options)),
      total_(total),
      first_(done),
      done_(done) {
  if (!options_.write) options_.write = write_to_stderr;
  if (!options_.seconds) options_.seconds = steady_seconds;
  start_ = options_.seconds();
  // A bar is there at once; the first plain line comes after an interval.
  last_drawn_ = options_.terminal ? -INFINITY : start_;
}

Progress::~Progress() {
  if (shown_) options_.write("\n");
}

double Progress::rate() const {
  const double elapsed = options_.seconds() - start_;
  return elapsed > 0 ? static_cast<double>(done_ - first_) / elapsed : 0;
}

std::string Progress::line(std::string_view note, bool last) const {
  const double fraction =
      total_ > 0 ? std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0)
                 : 1;
  const double per_second = rate();
  // Rounded down: 100 % is said when all is done.
  std::string numbers =
      fmt::format("{:3} %  {}/{}", static_cast<int>(fraction * 100), done_, total_);
  if (per_second > 0) {
    numbers += fmt::format("  {:.{}f} {}/s", per_second, per_second < 10 ? 2 : 0, options_.unit);
    const double left = static_cast<double>(total_ - done_) / per_second;
    numbers += last ? "  " + format_duration(options_.seconds() - start_)
                    : "  " + format_duration(left) + " left";
  }
  if (!note.empty()) numbers += fmt::format("  {}", note);
  if (!options_.terminal) return fmt::format("{}  {}", label_, numbers);

  // The bar takes what the words leave; a line that wrapped could not be drawn over.
  const int columns = options_.columns - 1;
  const int words = static_cast<int>(label_.size() + numbers.size()) + 4;
  const int room = std::min(columns - words, 40);
  std::string text = room >= 8 ? fmt::format("{}  {}  {}", label_, bar(fraction, room), numbers)
                               : fmt::format("{}  {}", label_, numbers);
  if (static_cast<int>(text.size()) > columns)
    text.resize(static_cast<std::size_t>(std::max(columns, 0)));
  return text;
}

void Progress::draw(std::string_view note, bool last) {
  std::string text = line(note, last);
  if (options_.terminal) text.insert(0, clear_line);
  if (!options_.terminal || last) text += '\n';
  options_.write(text);
  shown_ = options_.terminal && !last;
}

void Progress::update(Index done, std::string_view note) {
  done_ = done;
  if (finished_) return;
  const double now = options_.seconds();
  const double wait = options_.terminal ? seconds_between_drawings : options_.interval;
  if (now - last_drawn_ < wait) return;
  last_drawn_ = now;
  draw(note, false);
}

void Progress::clear() {
  if (shown_) options_.write(clear_line);
  shown_ = false;
}

void Progress::finish(std::string_view note) {
  if (std::exchange(finished_, true)) return;
  draw(note, true);
}

}  // namespace xgrad::train
