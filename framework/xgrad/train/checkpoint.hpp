#pragma once
// What a training keeps so that it can go on later as if it had never stopped.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <xgrad/core/state_dict.hpp>

namespace xgrad::train {

/// Tensors and values by name:
///
///     Checkpoint now;
///     now.put("model", model.state_dict());
///     now.put("optimizer", optimizer.state_dict());
///     now.put_random_streams();
///     now.put("step", step);
///     save_checkpoint(folder, now);
///
/// The functions that read throw IoError, naming the file that the checkpoint came from and what is
/// missing or no such value in it.
class Checkpoint {
 public:
  /// A part's tensors are kept under "part/name". Throws ValueError if the name is taken.
  void put(const std::string& part, const StateDict<float>& tensors);
  void put(const std::string& name, std::int64_t value);
  void put(const std::string& name, double value);  // comes back to the bit
  void put(const std::string& name, std::string value);
  /// The library's random streams: their seed and positions.
  void put_random_streams();

  /// Empty if nothing was put.
  StateDict<float> tensors(const std::string& part) const;
  bool has(const std::string& name) const { return values_.contains(name); }
  std::int64_t integer(const std::string& name) const;
  double number(const std::string& name) const;
  const std::string& text(const std::string& name) const;
  void restore_random_streams() const;

  /// The file that it came from; for messages.
  const std::filesystem::path& source() const { return source_; }

 private:
  friend void save_checkpoint(const std::filesystem::path&, const Checkpoint&);
  friend Checkpoint load_checkpoint(const std::filesystem::path&);
  void put_value(const std::string& name, std::string text);

  StateDict<float> tensors_;
  std::map<std::string, std::string> values_;
  std::filesystem::path source_ = "a checkpoint that was not saved";
};

/// Writes folder/checkpoint.safetensors, and keeps the one before it as
/// folder/checkpoint.previous.safetensors. Whenever the program is killed, or the disk fills up, one
/// of them is whole. Throws IoError.
void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint);

/// Removes both from a folder. Throws IoError.
void remove_checkpoints(const std::filesystem::path& folder);

/// Whether a folder has a checkpoint, whole or not.
bool has_checkpoint(const std::filesystem::path& folder);

/// The last checkpoint of a folder; if it is damaged, with a warning, the one before. Throws IoError
/// if there is none, or none that is whole.
Checkpoint load_checkpoint(const std::filesystem::path& folder);

}  // namespace xgrad::train
