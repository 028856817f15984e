#pragma once
// Event files: what TensorBoard shows.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace xgrad::io {
class ProtobufMessage;
}

namespace xgrad::train {

/// A file in a folder for `tensorboard --logdir FOLDER`. A tag names a series ("loss/train"), `step`
/// is its horizontal axis. Each call is on the disk's way when it returns, so that one can watch.
/// All functions throw IoError naming the file.
class EventFile {
 public:
  /// A new file, "events.out.tfevents.SECONDS.HOST.PROCESS".
  explicit EventFile(const std::filesystem::path& folder);

  /// What earlier files of the folder say of `step` and later does not count: it comes again.
  void restart(std::int64_t step);
  void scalar(std::string_view tag, std::int64_t step, double value);
  /// How the values are distributed, over at most 30 bins of equal width. Values that are not finite
  /// are left out; of no values at all nothing is written.
  void histogram(std::string_view tag, std::int64_t step, std::span<const float> values);
  /// A picture, as the bytes of a PNG file of grey (1 channel) or colours (3).
  void image(std::string_view tag, std::int64_t step, int height, int width, int channels,
             std::string_view png);
  /// Markdown, in UTF-8: TensorBoard shows nothing of a run with other text.
  void text(std::string_view tag, std::int64_t step, std::string_view markdown);

  const std::filesystem::path& path() const { return path_; }

 private:
  void write_value(std::int64_t step, const io::ProtobufMessage& value);
  void write_event(std::int64_t step, int field, const io::ProtobufMessage& what);
  void write_record(std::string_view data);

  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace xgrad::train
