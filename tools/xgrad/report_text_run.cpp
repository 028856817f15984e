// The page of a run that trained a character model.

#include <algorithm>
#include <fstream>
#include <iterator>
#include <numbers>

#include "tools/xgrad/data_uri.hpp"
#include "tools/xgrad/report_page.hpp"
#include "tools/xgrad/run_folder.hpp"
#include "tools/xgrad/text_run.hpp"

namespace xgrad::command {
namespace {

constexpr std::size_t most_samples = 8;

struct Findings {
  TextRunConfig config{};
  RunMetrics metrics{};
  Index parameters = 0;
  std::optional<double> loss{};  ///< nats per character of the validation text
  std::string gradients{};       ///< gradients.svg
};

Findings find_out(const ReportRequest& request, const nlohmann::json& json,
                  std::vector<std::string>& missing) {
  Findings found{.config = read_config<TextRunConfig>(request.folder, json, text_run_config)};
  found.metrics = metrics_of(request, missing);
  const auto model = make_model(found.config);
  found.parameters = model->parameter_count();
  attempt(missing, "Validation loss", [&] {
    load_weights(request.folder, *model);
    const datasets::Text text = text_of(found.config, request.data);
    const auto ids = found.config.vocabulary.encode(text.bytes, text.name);
    found.loss = evaluate(*model, datasets::split_text(ids).validation, found.config);
  });
  if (found.config.probe_steps > 0) {  // else the picture is not of this run
    std::ifstream file(request.folder / "gradients.svg");
    found.gradients.assign(std::istreambuf_iterator<char>(file), {});
    if (found.gradients.empty())
      missing.push_back("Gradients through time: there is no gradients.svg in the run’s folder");
  }
  return found;
}

std::string article_and_name(const std::string& cell) {
  if (cell == "lstm") return "an LSTM";
  return cell == "gru" ? "a GRU" : "an RNN";
}

void note_what_is_left(const Findings& found, std::vector<std::string>& missing) {
  if (found.metrics.empty()) return;
  const auto epochs = static_cast<Index>(found.metrics.epochs.size());
  if (epochs >= found.config.epochs || found.metrics.out_of_patience(found.config.patience)) return;
  missing.push_back(
      fmt::format("The rest of the training: it has come to step {:.0f}, {} of {} "
                  "epochs done; xgrad train chars --resume goes on",
                  found.metrics.last("step").value_or(0), epochs, found.config.epochs));
}

void add_headline(HtmlPage& page, const Findings& found) {
  page.add("<dl class=\"headline\">\n");
  if (found.loss) {
    page.fact("validation loss", fmt::format("{:.4f} nats", *found.loss));
    page.fact("bits per character", fmt::format("{:.4f}", *found.loss / std::numbers::ln2));
  }
  const auto seconds = found.metrics.last("seconds"), characters = found.metrics.last("characters");
  if (seconds) page.fact("training time", fmt::format("{:.1f} s", *seconds));
  if (seconds && characters && *seconds > 0)
    page.fact("characters per second", with_commas(static_cast<Index>(*characters / *seconds)));
  page.fact("parameters", with_commas(found.parameters));
  page.fact("text", found.config.text);
  page.fact("seed", fmt::format("{}", found.config.seed));
  page.add("</dl>\n");
}

std::string sample_of(const RunMetrics::Json& line) {
  const auto found = line.find("sample");
  return found != line.end() && found->is_string() ? found->get<std::string>() : "";
}

void add_samples(HtmlPage& page, const std::vector<RunMetrics::Json>& epochs) {
  std::vector<const RunMetrics::Json*> all;
  for (const auto& line : epochs)
    if (!sample_of(line).empty()) all.push_back(&line);
  if (all.empty()) return;
  const std::size_t shown = std::min(all.size(), most_samples);
  page.add(
      "<h2>What it writes</h2>\n<p class=\"lead\">Text that the network wrote, drawn at "
      "temperature 0.8 with the same random numbers each time, after {}.</p>\n",
      shown < all.size() ? fmt::format("{} of {} epochs", shown, all.size())
      : shown == 1       ? "the first epoch"
                         : "each epoch");
  for (std::size_t i = 0; i < shown; ++i) {
    // Evenly, the first and the last among them.
    const auto& line = *all[shown == 1 ? 0 : i * (all.size() - 1) / (shown - 1)];
    page.add("<h3>Epoch {:.0f}", number(line, "epoch").value_or(0));
    if (const auto loss = number(line, "val_loss"))
      page.add(" <span class=\"pale\">validation loss {:.3f}</span>", *loss);
    page.add("</h3>\n<pre class=\"sample\">{}</pre>\n", escaped(sample_of(line)));
  }
}

void add_gradients(HtmlPage& page, const Findings& found) {
  if (found.gradients.empty()) return;
  page.add(
      "<h2>Gradients through time</h2>\n<p class=\"lead\">How much the loss depends on the state "
      "at "
      "each step, and how much the last character’s loss alone does on the state k steps before. "
      "Where that falls to nothing, the network cannot learn to remember so far; where it grows, "
      "one "
      "step can throw the weights off.</p>\n<div class=\"wide\"><img class=\"drawing\" src=\"{}\" "
      "alt=\"Norms of the gradient by the states, and singular values of the recurrent weights\">"
      "</div>\n",
      svg_uri(found.gradients));
}

}  // namespace

Report report_on_text(const ReportRequest& request, const nlohmann::json& json) {
  Report report;
  const Findings found = find_out(request, json, report.missing);
  note_what_is_left(found, report.missing);
  HtmlPage page =
      begin_report(fmt::format("{} by {} of {} units", found.config.text,
                               article_and_name(found.config.cell), found.config.hidden),
                   "A training run of xgrad: a character model", report.missing);
  add_headline(page, found);
  add_curves(page, found.metrics, true);
  add_samples(page, found.metrics.epochs);
  add_gradients(page, found);
  report.html = finish_report(std::move(page), request, json);
  return report;
}

}  // namespace xgrad::command
