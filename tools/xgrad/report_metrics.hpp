#pragma once
// What metrics.jsonl tells of a run, and its curves.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/xgrad/html.hpp"

namespace xgrad::command {

struct RunMetrics {
  std::vector<nlohmann::json> steps{}, epochs{};  ///< the lines of either kind

  bool empty() const { return steps.empty() && epochs.empty(); }
  /// Of the last line that has it.
  std::optional<double> last(const char* key) const;
};

/// The member if it is there and a number.
std::optional<double> number(const nlohmann::json& line, const char* key);

/// Lines that are cut off or are something else are passed over; nothing if there is no file.
RunMetrics read_metrics(const std::filesystem::path& folder);

/// A section with charts of the loss, the accuracy where it was measured, the learning rate and the
/// norms of the gradient, of all there is.
void add_curves(HtmlPage& page, const RunMetrics& metrics);

}  // namespace xgrad::command
