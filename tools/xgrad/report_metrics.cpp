#include "tools/xgrad/report_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include <xgrad/train/chart.hpp>

#include "tools/xgrad/best_epoch.hpp"

namespace xgrad::command {
namespace {

using Json = RunMetrics::Json;

// More points than this in a curve could not be told apart.
constexpr std::size_t most_points = 500;

struct Series {
  std::string label{};
  std::vector<double> x{}, y{};
  std::size_t color = 0;
  bool dashed = false, faint = false;

  void add(std::optional<double> at, std::optional<double> value) {
    if (!at || !value) return;
    x.push_back(*at);
    y.push_back(*value);
  }
};

Series series_of(const std::vector<Json>& lines, const char* key, const std::string& label) {
  Series series{.label = label};
  for (const Json& line : lines) series.add(number(line, "step"), number(line, key));
  return series;
}

// Lines hold the mean loss of the epoch so far, which hides what the last steps did: its sum grew
// by the loss of these.
Series recent_loss(const RunMetrics& metrics) {
  Series series{.label = "training"};
  std::vector<double> ends;  // of epochs
  for (const Json& line : metrics.epochs)
    if (const auto step = number(line, "step")) ends.push_back(*step);
  double begin = 0, sum = 0, last = 0;
  auto end = ends.begin();
  for (const Json& line : metrics.steps) {
    const auto step = number(line, "step"), loss = number(line, "loss");
    if (!step || !loss || *step <= last) continue;
    while (end != ends.end() && *end < *step) {
      begin = last = *end++;
      sum = 0;
    }
    const double now = *loss * (*step - begin);
    series.add((*step + last) / 2, (now - sum) / (*step - last));
    sum = now;
    last = *step;
  }
  return series;
}

// The layer that a parameter belongs to. The matrices of recurrent layers stand for themselves:
// gradients vanish and explode in one of them.
std::string layer_of(const std::string& path) {
  const auto dot = path.rfind('.');
  if (dot == path.npos || path.compare(dot, 8, ".weight_") == 0) return path;
  return path.substr(0, dot) + (path.compare(dot, 6, ".bias_") == 0 ? ".bias" : "");
}

std::vector<Series> gradient_norms_by_layer(const std::vector<Json>& steps) {
  std::vector<Series> all;
  for (const Json& line : steps) {
    const auto step = number(line, "step");
    const auto norms = line.find("gradient_norms");
    if (!step || norms == line.end() || !norms->is_object()) continue;
    std::vector<std::pair<std::string, double>> squares;
    for (const auto& [path, norm] : norms->items()) {
      if (!norm.is_number()) continue;
      const std::string layer = layer_of(path);
      auto found = std::find_if(squares.begin(), squares.end(),
                                [&](const auto& one) { return one.first == layer; });
      if (found == squares.end()) found = squares.insert(found, {layer, 0.0});
      found->second += norm.get<double>() * norm.get<double>();
    }
    for (const auto& [layer, square] : squares) {
      auto found = std::find_if(all.begin(), all.end(),
                                [&layer = layer](const Series& one) { return one.label == layer; });
      if (found == all.end()) {
        const std::size_t color = all.size() % train::chart_colors;
        const bool dashed = all.size() / train::chart_colors % 2 == 1;
        found = all.insert(all.end(), {.label = layer, .color = color, .dashed = dashed});
      }
      found->add(step, std::sqrt(square));
    }
  }
  return all;
}

// Means of as many neighbours as it takes.
train::ChartCurve curve_of(const Series& series) {
  train::ChartCurve curve{.color = series.color, .dashed = series.dashed, .faint = series.faint};
  const std::size_t count = series.y.size(), each = (count + most_points - 1) / most_points;
  for (std::size_t i = 0; i < count; i += each) {
    const std::size_t n = std::min(each, count - i);
    double x = 0, y = 0;
    for (std::size_t j = i; j < i + n; ++j) x += series.x[j], y += series.y[j];
    curve.x.push_back(x / static_cast<double>(n));
    curve.y.push_back(y / static_cast<double>(n));
  }
  return curve;
}

void add_chart(HtmlPage& page, const std::string& title, std::vector<Series> all, bool linear) {
  std::erase_if(all, [](const Series& series) { return series.y.size() < 2; });
  if (all.empty()) return;
  train::ChartPanel panel{.title = title, .x_label = "step", .linear_x = true, .linear_y = linear};
  for (const Series& series : all) panel.curves.push_back(curve_of(series));
  page.add("<figure>{}", train::panel_svg(panel, title + " over the steps of training"));
  if (all.size() > 1) {
    page.add("<ul class=\"legend\">\n");
    for (const Series& one : all)
      page.add(
          "<li><svg viewBox=\"0 0 24 8\" width=\"24\" height=\"8\" aria-hidden=\"true\">"
          "<line x1=\"0\" y1=\"4\" x2=\"24\" y2=\"4\" class=\"curve c{}{}{}\"/></svg>{}</li>\n",
          one.color, one.dashed ? " dashed" : "", one.faint ? " faint" : "", escaped(one.label));
    page.add("</ul>\n");
  }
  page.add("</figure>\n");
}

std::vector<Series> losses(const RunMetrics& metrics) {
  Series recent = recent_loss(metrics);
  Series epochs = series_of(metrics.epochs, "train_loss", "training, mean of an epoch");
  for (std::size_t i = epochs.x.size(); i-- > 0;)  // which belongs to its middle
    epochs.x[i] = (epochs.x[i] + (i > 0 ? epochs.x[i - 1] : 0)) / 2;
  if (epochs.y.size() < 3) epochs = {};
  Series validation = series_of(metrics.epochs, "val_loss", "validation");
  validation.color = 1;
  recent.faint = !epochs.y.empty();
  return {std::move(recent), std::move(epochs), std::move(validation)};
}

}  // namespace

std::optional<double> number(const Json& line, const char* key) {
  const auto found = line.find(key);
  if (found == line.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::optional<double> RunMetrics::last(const char* key) const {
  std::optional<double> latest;
  double at = -1;
  for (const auto* const lines : {&steps, &epochs})
    for (auto line = lines->rbegin(); line != lines->rend(); ++line)
      if (const auto value = number(*line, key)) {
        if (const double step = number(*line, "step").value_or(0); step >= at) {
          at = step;
          latest = value;
        }
        break;
      }
  return latest;
}

const Json* RunMetrics::best_epoch() const {
  LowestLoss lowest;
  const Json* best = nullptr;
  for (const Json& line : epochs)
    if (const auto loss = number(line, "val_loss"); loss && lowest.add(*loss)) best = &line;
  return best;
}

bool RunMetrics::out_of_patience(std::int64_t patience) const {
  LowestLoss lowest;
  for (const Json& line : epochs)
    if (const auto loss = number(line, "val_loss")) lowest.add(*loss);
  return lowest.exhausts(patience);
}

RunMetrics read_metrics(const std::filesystem::path& folder) {
  RunMetrics metrics;
  std::ifstream file(folder / "metrics.jsonl");
  for (std::string text; std::getline(file, text);) {
    Json line = Json::parse(text, nullptr, false);
    if (!line.is_object() || !line.contains("kind")) continue;
    if (line["kind"] == "step")
      metrics.steps.push_back(std::move(line));
    else if (line["kind"] == "epoch")
      metrics.epochs.push_back(std::move(line));
  }
  return metrics;
}

void add_curves(HtmlPage& page, const RunMetrics& metrics, bool linear_loss) {
  if (metrics.empty()) return;
  page.add("<h2>Training</h2>\n<div class=\"charts\">\n");
  add_chart(page, "Loss (nats)", losses(metrics), linear_loss);
  // Measured in the course of an epoch, or only at its end.
  Series accuracy = series_of(metrics.steps, "validation_accuracy", "validation accuracy");
  if (accuracy.y.empty())
    accuracy = series_of(metrics.epochs, "validation_accuracy", "validation accuracy");
  add_chart(page, "Validation accuracy (%)", {std::move(accuracy)}, true);
  add_chart(page, "Learning rate", {series_of(metrics.steps, "lr", "learning rate")}, true);
  add_chart(page, "Norm of the gradient",
            {series_of(metrics.steps, "gradient_norm", "before clipping")}, false);
  add_chart(page, "Norm of the gradient, by layer", gradient_norms_by_layer(metrics.steps), false);
  page.add("</div>\n");
}

}  // namespace xgrad::command
