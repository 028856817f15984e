// The page of a run that trained an image classifier.

#include <algorithm>

#include "tools/xgrad/report_filters.hpp"
#include "tools/xgrad/report_images.hpp"
#include "tools/xgrad/report_page.hpp"
#include "tools/xgrad/run_folder.hpp"

namespace xgrad::command {
namespace {

struct Findings {
  ImageRunConfig config{};
  RunMetrics metrics{};
  Index parameters = 0;
  std::optional<datasets::ImageData> data{};
  std::optional<ImageResults> results{};
  std::optional<FirstLayer> filters{};
};

Findings find_out(const ReportRequest& request, const nlohmann::json& json,
                  std::vector<std::string>& missing) {
  Findings found{.config = read_config<ImageRunConfig>(request.folder, json, image_run_config)};
  found.metrics = metrics_of(request, missing);
  const auto model = make_model(found.config);
  found.parameters = model->parameter_count();
  constexpr const char* what = "Test accuracy, confusion matrix, mistakes and filters";
  attempt(missing, what, [&] {
    load_weights(request.folder, *model);
    datasets::ImageData data = images_of(found.config, request.data);
    check_images(data, found.config);
    found.results = examine(*model, data.test, found.config);
    found.data = std::move(data);
  });
  if (found.results)
    attempt(missing, "Filters",
            [&] { found.filters = examine_filters(*model, found.data->test, found.config); });
  return found;
}

// Whether training came to its end, which may be an accuracy.
void note_what_is_left(const Findings& found, std::vector<std::string>& missing) {
  const auto& [config, metrics, parameters, data, results, filters] = found;
  if (metrics.empty()) return;
  const auto epochs = static_cast<Index>(
      metrics.epochs.empty() ? 0 : number(metrics.epochs.back(), "epoch").value_or(0));
  const auto reached = metrics.last("validation_accuracy");
  if (epochs >= config.epochs || metrics.out_of_patience(config.patience) ||
      (config.target_accuracy > 0 && reached && *reached >= config.target_accuracy))
    return;
  missing.push_back(
      fmt::format("The rest of the training: it has come to step {:.0f}, {} of {} "
                  "epochs done; xgrad train {} --resume goes on",
                  metrics.last("step").value_or(0), epochs, config.epochs, config.task));
}

void add_headline(HtmlPage& page, const Findings& found) {
  page.add("<dl class=\"headline\">\n");
  if (found.results) {
    page.fact("test accuracy", fmt::format("{:.2f} %", found.results->test.accuracy));
    page.fact("test loss", fmt::format("{:.4f}", found.results->test.loss));
  }
  // Of the weights that were kept.
  const auto* const best = found.config.patience > 0 ? found.metrics.best_epoch() : nullptr;
  if (const auto validation = best != nullptr ? number(*best, "validation_accuracy")
                                              : found.metrics.last("validation_accuracy"))
    page.fact("validation accuracy", fmt::format("{:.2f} %", *validation));
  const auto seconds = found.metrics.last("seconds"), images = found.metrics.last("images");
  if (seconds) page.fact("training time", fmt::format("{:.1f} s", *seconds));
  if (seconds && images && *seconds > 0)
    page.fact("images per second", with_commas(static_cast<Index>(*images / *seconds)));
  if (images) page.fact("images trained on", with_commas(static_cast<Index>(*images)));
  page.fact("parameters", with_commas(found.parameters));
  page.fact("dataset", found.config.dataset);
  page.fact("seed", fmt::format("{}", found.config.seed));
  page.add("</dl>\n");
}

}  // namespace

Report report_on_images(const ReportRequest& request, const nlohmann::json& json) {
  Report report;
  const Findings found = find_out(request, json, report.missing);
  note_what_is_left(found, report.missing);
  HtmlPage page = begin_report(fmt::format("{} by {}", found.config.dataset, found.config.model),
                               "A training run of xgrad: an image classifier", report.missing);
  add_headline(page, found);
  add_curves(page, found.metrics, false);
  if (found.results) {
    add_confusion(page, *found.results, found.config);
    add_mistakes(page, *found.results, found.data->test, found.config);
  }
  if (found.filters) add_filters(page, *found.filters);
  report.html = finish_report(std::move(page), request, json);
  return report;
}

}  // namespace xgrad::command
