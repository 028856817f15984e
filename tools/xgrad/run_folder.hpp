#pragma once
// A run folder:
//
//   config.json                      what is trained and how
//   environment.json                 what it is trained with: versions, SIMD level, threads, seed
//   metrics.jsonl                    a line of JSON for each measurement, with the step it belongs to
//   model.safetensors                the weights to use, in PyTorch's names and layouts
//   checkpoint.safetensors           what --resume goes on from
//   checkpoint.previous.safetensors  the one before
//   events.out.tfevents.*            the metrics for TensorBoard, if asked for
//
// Each file appears complete or not at all, but for metrics.jsonl, which grows.

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xgrad/core/error.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/train/checkpoint.hpp>
#include <xgrad/train/event_file.hpp>

#include "tools/xgrad/config_check.hpp"
#include "tools/xgrad/data_uri.hpp"

namespace xgrad::command {

/// A path that holds in other folders as well; what names no file or folder is left as it is.
std::string where_from_anywhere(const std::string& source);

/// The folder of a run that is being trained; nobody else can train in it as long. All functions
/// throw IoError naming the file and the remedy.
class RunWriter {
 public:
  /// A new run, which replaces one that is there.
  static RunWriter begin(const std::filesystem::path& folder, const nlohmann::ordered_json& config);
  /// A run that goes on, from its last checkpoint.
  static RunWriter resume(const std::filesystem::path& folder);
  /// The same for a process that trains along with the one that writes: its own writes nothing.
  static RunWriter begin_along(const std::filesystem::path& folder);
  static RunWriter resume_along(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  /// From now on what is logged, and how the weights that are saved are distributed, goes into a
  /// file for TensorBoard as well.
  void write_events();
  bool writes_events() const { return events_.has_value(); }
  /// A picture for that file; must not be called without one.
  void log_picture(const std::string& tag, std::int64_t step, const Picture& picture);

  /// Whether the run goes on from a checkpoint. Then, that, and the lines logged up to it.
  bool resumed() const { return resumed_; }
  const train::Checkpoint& checkpoint() const { return checkpoint_; }
  const std::vector<nlohmann::json>& earlier_lines() const { return earlier_lines_; }
  /// The lines of another file of JSON lines that are not later than the checkpoint, by `step_key`.
  std::string lines_so_far(const std::string& name, const std::string& step_key) const;

  /// Adds a line to metrics.jsonl.
  void log(const nlohmann::ordered_json& line);
  /// Keeps what resume() goes on from, and on the disk what was logged. `step` must be what lines
  /// logged so far call it at most: later ones are dropped by resume().
  void save(train::Checkpoint checkpoint, std::int64_t step);
  void save_weights(const StateDict<float>& weights, std::int64_t step);
  void write(const std::string& name, std::string_view text);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  enum class Access { write, read };
  RunWriter(std::filesystem::path folder, Access access);
  std::string load_checkpoint();
  void open_metrics(const char* mode);
  void log_events(const nlohmann::ordered_json& line);
  [[noreturn]] void fail(const char* name, const char* action) const;

  std::filesystem::path folder_;
  bool writes_;
  std::shared_ptr<void> lock_{};
  std::unique_ptr<std::FILE, Closer> metrics_{};
  std::optional<train::EventFile> events_{};
  bool resumed_ = false;
  train::Checkpoint checkpoint_{};
  std::vector<nlohmann::json> earlier_lines_{};
};

/// The configuration of a run; it has a "kind". Throws IoError naming the file and what is wrong.
nlohmann::json load_config(const std::filesystem::path& folder);

/// The configuration by `parse`, whose errors become an IoError that names the run.
template <class Config>
Config read_config(const std::filesystem::path& folder, const nlohmann::json& json,
                   Config (*parse)(const nlohmann::json&)) {
  if (const auto kind = json.at("kind").get<std::string>(); kind != Config::kind)
    throw IoError(fmt::format("{}: holds a run of kind \"{}\", where a run of kind \"{}\" is wanted",
                              folder.string(), kind, Config::kind));
  try {
    check_config(json);
    return parse(json);
  } catch (const std::exception& error) {
    throw IoError(fmt::format("{}: the configuration of the run is damaged: {}", folder.string(),
                              error.what()));
  }
}

/// Fills a model of the right kind. Throws IoError naming the file and what does not fit.
void load_weights(const std::filesystem::path& folder, nn::Module<float>& model);

}  // namespace xgrad::command
