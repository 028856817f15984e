#include "tools/xgrad/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <span>
#include <sstream>
#include <system_error>

#include <xgrad/core/log.hpp>
#include <xgrad/io/atomic_file.hpp>
#include <xgrad/io/safetensors.hpp>

#include "tools/xgrad/environment.hpp"

namespace xgrad::command {
namespace {

namespace fs = std::filesystem;

constexpr const char* config_name = "config.json";
constexpr const char* environment_name = "environment.json";
constexpr const char* metrics_name = "metrics.jsonl";
constexpr const char* weights_name = "model.safetensors";
constexpr const char* checkpoint_step = "step of the checkpoint";

// Held as long as the pointer lives, and no longer than the process.
std::shared_ptr<void> lock(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const bool taken = descriptor >= 0 && errno == EWOULDBLOCK;
    const std::string reason = std::generic_category().message(errno);
    if (descriptor >= 0) close(descriptor);
    throw IoError(taken ? fmt::format("{}: another xgrad trains there now: wait for it, or choose "
                                      "another folder",
                                      folder.string())
                        : fmt::format("{}: cannot be opened: {}: check the path", folder.string(),
                                      reason));
  }
  return {nullptr, [descriptor](void*) { close(descriptor); }};
}

// TensorBoard would draw the curves of all as those of one run.
std::vector<fs::path> event_files(const fs::path& folder) {
  std::error_code unreadable;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, unreadable))
    if (entry.path().filename().string().starts_with("events.out.tfevents."))
      files.push_back(entry.path());
  return files;
}

// A text as it is: fenced by more backticks than it has in a row, and what is not UTF-8 replaced, as
// in metrics.jsonl. Samples of a model over bytes may be anything.
std::string as_markdown(const nlohmann::ordered_json& text) {
  using Json = nlohmann::ordered_json;
  const auto clean =
      Json::parse(text.dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
  std::size_t longest = 2, row = 0;
  for (const char c : clean) longest = std::max(longest, row = c == '`' ? row + 1 : 0);
  const std::string fence(longest + 1, '`');
  return fmt::format("{0}\n{1}\n{0}", fence, clean);
}

}  // namespace

std::string where_from_anywhere(const std::string& source) {
  std::error_code error;
  if (!fs::exists(source, error)) return source;
  return fs::absolute(source).lexically_normal().string();
}

RunWriter::RunWriter(fs::path folder, Access access)
    : folder_(std::move(folder)), writes_(access == Access::write) {
  if (!writes_) return;
  lock_ = lock(folder_);
  io::remove_temporary_files(folder_);
}

RunWriter RunWriter::begin(const fs::path& folder, const nlohmann::ordered_json& config) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw IoError(fmt::format("{}: the run's folder cannot be made: {}: choose another --out",
                              folder.string(), error.message()));
  RunWriter run(folder, Access::write);
  if (fs::exists(folder / config_name, error))
    xgrad::log().warn("{}: holds an earlier run, which this one replaces", folder.string());
  // What can be gone on from goes first: never does a configuration stand beside another's.
  train::remove_checkpoints(folder);
  for (const char* const name : {weights_name, metrics_name}) fs::remove(folder / name, error);
  for (const fs::path& path : event_files(folder)) fs::remove(path, error);
  run.write(config_name, config.dump(2) + "\n");
  run.write(environment_name, examine_environment().json.dump(2) + "\n");
  run.open_metrics("w");
  return run;
}

RunWriter RunWriter::resume(const fs::path& folder) {
  RunWriter run(folder, Access::write);
  run.write(metrics_name, run.load_checkpoint());
  run.open_metrics("a");
  return run;
}

RunWriter RunWriter::begin_along(const fs::path& folder) { return {folder, Access::read}; }

RunWriter RunWriter::resume_along(const fs::path& folder) {
  RunWriter run(folder, Access::read);
  run.load_checkpoint();
  return run;
}

// Returns the lines logged up to it.
std::string RunWriter::load_checkpoint() {
  if (!train::has_checkpoint(folder_))
    throw IoError(
        fmt::format("{}: there is no checkpoint to go on from: give a folder that train --out "
                    "wrote, or start anew with --out",
                    folder_.string()));
  checkpoint_ = train::load_checkpoint(folder_);
  resumed_ = true;
  const std::string lines = lines_so_far(metrics_name, "step");
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);)
    earlier_lines_.push_back(nlohmann::json::parse(line));
  return lines;
}

// Later lines will be written again, and the last one may have been cut off.
std::string RunWriter::lines_so_far(const std::string& name, const std::string& step_key) const {
  const std::int64_t step = checkpoint_.integer(checkpoint_step);
  std::ifstream file(folder_ / name);
  std::string kept;
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object() && json.value(step_key, step + 1) <= step) kept += line + "\n";
  }
  return kept;
}

void RunWriter::open_metrics(const char* mode) {
  metrics_.reset(std::fopen((folder_ / metrics_name).c_str(), mode));
  if (!metrics_) fail(metrics_name, "open");
}

void RunWriter::log(const nlohmann::ordered_json& line) {
  if (!writes_) return;
  const std::string text =
      line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (std::fwrite(text.data(), 1, text.size(), metrics_.get()) != text.size() ||
      std::fflush(metrics_.get()) != 0)
    fail(metrics_name, "write");
  if (events_) log_events(line);
}

void RunWriter::write_events() {
  if (!writes_) return;
  events_.emplace(folder_);
  if (resumed_) events_->restart(checkpoint_.integer(checkpoint_step) + 1);
}

void RunWriter::log_picture(const std::string& tag, std::int64_t step, const Picture& picture) {
  events_->image(tag, step, picture.height, picture.width, picture.channels, png_of(picture));
}

// Numbers become scalars, those of an object under its name, and samples text.
void RunWriter::log_events(const nlohmann::ordered_json& line) {
  const std::int64_t step = line.at("step");
  for (const auto& [key, value] : line.items()) {
    if (key == "step" || key == "kind") continue;
    if (value.is_number()) events_->scalar(key, step, value);
    if (value.is_string()) events_->text(key, step, as_markdown(value));
    if (!value.is_object()) continue;
    for (const auto& [part, number] : value.items())
      if (number.is_number()) events_->scalar(key + "/" + part, step, number);
  }
}

void RunWriter::save(train::Checkpoint checkpoint, std::int64_t step) {
  if (!writes_) return;
  checkpoint.put(checkpoint_step, step);
  if (fsync(fileno(metrics_.get())) != 0) fail(metrics_name, "write");
  train::save_checkpoint(folder_, checkpoint);
}

void RunWriter::save_weights(const StateDict<float>& weights, std::int64_t step) {
  if (!writes_) return;
  io::save_safetensors(folder_ / weights_name, weights);
  if (events_)
    for (const auto& [path, tensor] : weights)
      if (tensor.size() > 1) events_->histogram("weights/" + path, step, tensor.values());
}

void RunWriter::write(const std::string& name, std::string_view text) {
  if (!writes_) return;
  io::AtomicFile file(folder_ / name);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

void RunWriter::fail(const char* name, const char* action) const {
  throw IoError(fmt::format("{}: cannot {} it: {}: check that it may be written to and that the disk "
                            "has space left",
                            (folder_ / name).string(), action,
                            std::generic_category().message(errno)));
}

nlohmann::json load_config(const std::filesystem::path& folder) {
  const auto path = folder / config_name;
  std::ifstream file(path);
  if (!file)
    throw IoError(
        fmt::format("{}: cannot be read: is {} the folder that was given to xgrad train "
                    "--out?",
                    path.string(), folder.string()));
  try {
    nlohmann::json config = nlohmann::json::parse(file);
    static_cast<void>(config.at("kind").get<std::string>());
    return config;
  } catch (const nlohmann::json::exception& error) {
    throw IoError(
        fmt::format("{}: not the configuration of a run: {}", path.string(), error.what()));
  }
}

void load_weights(const std::filesystem::path& folder, nn::Module<float>& model) {
  const auto path = folder / weights_name;
  const auto weights = io::load_safetensors<float>(path);
  try {
    model.load_state_dict(weights);
  } catch (const ValueError& error) {
    throw IoError(fmt::format("{}: not the weights of the model in {}: {}", path.string(),
                              config_name, error.what()));
  }
}

}  // namespace xgrad::command
