#pragma once
// The page that `xgrad report` writes.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/xgrad/html.hpp"
#include "tools/xgrad/report_metrics.hpp"

namespace xgrad::command {

struct ReportRequest {
  std::filesystem::path folder{};     ///< of the run
  std::optional<std::string> data{};  ///< instead of the data that the run names
};

struct Report {
  std::string html{};
  std::vector<std::string> missing{};  ///< what could not be shown, and why; a sentence each
};

/// The page of a run of either kind. What the run lacks, the page says. Throws IoError for a folder
/// that is no run, naming what is wrong.
Report make_report(const ReportRequest& request);

Report report_on_images(const ReportRequest& request, const nlohmann::json& config);
Report report_on_text(const ReportRequest& request, const nlohmann::json& config);

// What both have in common.

/// Does something that a page can be without; what it throws is added to `missing` after `what`.
void attempt(std::vector<std::string>& missing, const std::string& what,
             const std::function<void()>& action);
/// The metrics of the run, or none, which `missing` then says.
RunMetrics metrics_of(const ReportRequest& request, std::vector<std::string>& missing);
/// A page with its heading, and a notice of what is missing or left undone.
HtmlPage begin_report(const std::string& title, const std::string& subtitle,
                      const std::vector<std::string>& missing);
/// Tables of the configuration and the environment, and the end of the page.
std::string finish_report(HtmlPage page, const ReportRequest& request,
                          const nlohmann::json& config);

}  // namespace xgrad::command
