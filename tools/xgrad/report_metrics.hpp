#pragma once
// What metrics.jsonl tells of a run, and its curves.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/xgrad/html.hpp"

namespace xgrad::command {

struct RunMetrics {
  using Json = nlohmann::ordered_json;  // layers stay in the order of the model
  std::vector<Json> steps{}, epochs{};  ///< the lines of either kind

  bool empty() const { return steps.empty() && epochs.empty(); }
  /// Of the last line that has it.
  std::optional<double> last(const char* key) const;
  /// The line of the epoch with the lowest validation loss; null if none was measured.
  const Json* best_epoch() const;
  /// Whether the validation losses of the epochs ended a training of this --patience.
  bool out_of_patience(std::int64_t patience) const;
};

/// The member if it is there and a number.
std::optional<double> number(const RunMetrics::Json& line, const char* key);

/// Lines that are cut off or are something else are passed over; nothing if there is no file.
RunMetrics read_metrics(const std::filesystem::path& folder);

/// A section with charts of the loss, the accuracy where it was measured, the learning rate and the
/// norms of the gradient, of all there is. The loss is drawn on a logarithmic axis, as suits one
/// that falls to a hundredth, or on a linear one.
void add_curves(HtmlPage& page, const RunMetrics& metrics, bool linear_loss);

}  // namespace xgrad::command
