#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/train/chart.hpp>

#include "tools/xgrad/gradcheck_page.hpp"
#include "tools/xgrad/gradcheck_page_text.hpp"
#include "tools/xgrad/html.hpp"

namespace xgrad::command {
namespace {

constexpr std::size_t right_color = 2, wrong_color = 1, bound_color = 0;

// A difference of exactly nothing has no logarithm; it is drawn just below the smallest relative
// error that doubles can have otherwise.
constexpr double no_error = 1e-17;

train::ChartCurve curve(std::span<const GradCheckStep> sweep, std::size_t color, bool faint) {
  train::ChartCurve curve{.color = color, .faint = faint};
  for (const GradCheckStep& point : sweep) {
    curve.x.push_back(point.step);
    curve.y.push_back(std::max(point.error, no_error));
  }
  return curve;
}

train::ChartCurve level(double height, const std::vector<train::ChartCurve>& others) {
  double least = INFINITY, most = 0;
  for (const auto& other : others)
    for (const double x : other.x) least = std::min(least, x), most = std::max(most, x);
  return {.y = {height, height}, .color = bound_color, .dashed = true, .x = {least, most}};
}

std::string chart(const std::string& title, std::vector<train::ChartCurve> curves, double bound,
                  const std::string& description) {
  curves.push_back(level(bound, curves));
  return train::panel_svg({.title = title,
                           .x_label = "step h",
                           .curves = std::move(curves),
                           .y_label = "relative error"},
                          description);
}

// The derivative of the sine, right and one per cent too large.
std::string example_chart() {
  std::vector<GradCheckStep> right, wrong;
  const double x = 1, slope = std::cos(x);
  for (double step = 0.1; step > 1e-11; step /= 2) {
    const double numeric = (std::sin(x + step) - std::sin(x - step)) / (2 * step);
    right.push_back({step, std::abs(slope / numeric - 1)});
    wrong.push_back({step, std::abs(1.01 * slope / numeric - 1)});
  }
  return chart("The derivative of sin(x), right and 1 % too large",
               {curve(right, right_color, false), curve(wrong, wrong_color, false)}, 1e-6,
               "A right derivative gives a V, a wrong one a level line");
}

std::string error_text(double error) { return error == 0 ? "0" : fmt::format("{:.1e}", error); }

std::string link(const CheckedItem& item) {
  return fmt::format("<a href=\"#{0}\">{0}</a>", escaped(item.name));
}

std::string links_to_failed(std::span<const CheckedItem> items) {
  std::string links;
  for (const CheckedItem& item : items)
    if (!item.ok()) links += (links.empty() ? " " : ", ") + link(item);
  return links;
}

void add_summary(HtmlPage& page, const GradCheckPage& contents, const Totals& totals) {
  const std::string& kind = contents.kind;
  page.add("<h1>Gradient check</h1>\n<p class=\"verdict\">");
  if (totals.failed == 0)
    page.add("<span class=\"good\">✓ {} {} right</span>", totals.items,
             totals.items == 1 ? kind + " is" : kind + "s are");
  else
    page.add("<span class=\"bad\">✗ {} of {} {} FAILED</span>:{}", totals.failed, totals.items,
             totals.items == 1 ? kind : kind + "s", links_to_failed(contents.items));
  page.add("</p>\n{}<dl class=\"facts\">\n", page_lead);
  page.fact(kind == "op" ? "ops" : "models", fmt::format("{}", totals.items));
  if (totals.samples > totals.items) page.fact("samples", fmt::format("{}", totals.samples));
  page.fact("derivatives compared", fmt::format("{}", totals.elements));
  page.fact("elements at kinks", fmt::format("{}", totals.kinks));
  page.fact("largest relative error", error_text(totals.max_rel_error));
  page.fact("seconds", fmt::format("{:.1f}", contents.seconds));
  page.fact("seed", fmt::format("{}", contents.seed));
  page.fact("xgrad", contents.version);
  page.add("</dl>\n");
}

void add_index(HtmlPage& page, std::span<const CheckedItem* const> items) {
  page.add("<h2>Results</h2>\n<ul class=\"index\">\n");
  for (const CheckedItem* item : items)
    page.add("<li><span class=\"{}\">{}</span> {}</li>\n", item->ok() ? "good" : "bad",
             item->ok() ? "✓" : "✗", link(*item));
  page.add("</ul>\n");
}

void add_curves(HtmlPage& page, const CheckedItem& item) {
  std::vector<train::ChartCurve> curves;
  const auto color = [&](const CheckedSample& sample) {
    return item.passed(sample) ? right_color : wrong_color;
  };
  for (const CheckedSample& sample : item.samples)
    if (&sample != &item.worst() && !sample.report.sweep.empty())
      curves.push_back(curve(sample.report.sweep, color(sample), true));
  if (!item.worst().report.sweep.empty())
    curves.push_back(curve(item.worst().report.sweep, color(item.worst()), false));
  if (curves.empty()) return;
  page.add("<figure>{}", chart("Error against step", curves, item.bound,
                               "Relative error against the step, of " + item.name));
  if (item.samples.size() > 1)
    page.add("<figcaption class=\"pale\">Bold: the sample “{}”; pale: the others.</figcaption>",
             escaped(item.worst().name));
  page.add("</figure>\n");
}

// Of the sample to look at: input by input, those that failed first.
void add_worst(HtmlPage& page, const CheckedItem& item) {
  std::vector<std::vector<std::string>> wrong, right;
  for (const GradCheckInput& input : item.worst().report.inputs)
    for (const GradCheckWorst& one : input.worst)
      (input.ok ? right : wrong)
          .push_back({element_name(input, one.element), fmt::format("{:.10g}", one.analytic),
                      fmt::format("{:.10g}", one.numeric), error_text(one.analytic - one.numeric)});
  wrong.insert(wrong.end(), right.begin(), right.end());
  if (!wrong.empty())
    page.table("The derivatives that differ most", {"by", "analytic", "numeric", "difference"}, 1,
               wrong);
}

std::string result(bool ok) { return ok ? "✓" : "✗ FAILED"; }

// Per input of a model, or per sample of an op.
void add_parts(HtmlPage& page, const CheckedItem& item) {
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const std::string& name, const std::string& what, bool ok, Index elements,
                       Index kinks, double error) {
    rows.push_back({name, what, result(ok), fmt::format("{}", elements), fmt::format("{}", kinks),
                    error_text(error)});
  };
  const std::vector<std::string> numbers{"result", "derivatives", "kinks", "relative error"};
  std::vector<std::string> head;
  if (item.samples.size() == 1) {
    head = {"input", "shape"};
    for (const GradCheckInput& input : item.worst().report.inputs)
      if (input.elements + input.kinks > 0)
        row(input.name,
            input.shape.to_string() + (input.by_directions ? ", random directions" : ""),
            input.ok && input.max_rel_error <= item.bound, input.elements, input.kinks,
            input.max_rel_error);
  } else {
    head = {"sample", "order"};
    for (const CheckedSample& sample : item.samples)
      row(sample.name, order_text(sample.report.order), item.passed(sample), sample.report.elements,
          sample.report.kinks, sample.report.max_rel_error);
  }
  head.insert(head.end(), numbers.begin(), numbers.end());
  page.table(item.samples.size() == 1 ? "Inputs" : "Samples", head, 3, rows);
}

void add_section(HtmlPage& page, const CheckedItem& item, bool open) {
  const bool ok = item.ok();
  page.add(
      "<section id=\"{}\">\n<div class=\"two\"><div>\n<h3>{} <span class=\"{}\">{}</span></h3>\n",
      escaped(item.name), escaped(item.name), ok ? "good" : "bad", result(ok));
  page.add("<pre>{}</pre>\n", escaped(item.formula));
  const auto complaints = item.complaints();
  if (!complaints.empty()) {
    page.add("<ul class=\"diagnosis\">\n");
    for (const std::string& complaint : complaints) page.add("<li>{}</li>\n", escaped(complaint));
    page.add("</ul>\n");
  }
  page.add("<dl class=\"facts\">\n");
  page.fact("largest relative error", error_text(item.max_rel_error()));
  page.fact("bound", fmt::format("{:.0e}", item.bound));
  page.fact("derivatives compared", fmt::format("{}", item.elements()));
  if (item.kinks() > 0) page.fact("elements at kinks", fmt::format("{}", item.kinks()));
  if (item.order()) page.fact("order", order_text(item.order()));
  if (item.drift) page.fact("float32 drift", fmt::format("{:.1e}", *item.drift));
  page.add("</dl>\n</div>\n");
  if (!item.samples.empty()) add_curves(page, item);
  page.add("</div>\n");
  if (!item.samples.empty()) {
    page.add("<details{}><summary>Details</summary>\n", open || !ok ? " open" : "");
    if (!ok) add_worst(page, item);
    add_parts(page, item);
    if (ok) add_worst(page, item);
    page.add("</details>\n");
  }
  page.add("</section>\n");
}

}  // namespace

std::string to_html(const GradCheckPage& contents) {
  std::vector<const CheckedItem*> items;
  for (const CheckedItem& item : contents.items) items.push_back(&item);
  std::stable_partition(items.begin(), items.end(), [](const auto* item) { return !item->ok(); });

  HtmlPage page("Gradient check");
  add_summary(page, contents, Totals(contents.items));
  page.add("<div class=\"lead\">\n{}{}{}</div>\n{}{}</figure></div>\n", page_introduction,
           contents.kind == "op" ? page_on_ops : page_on_models, page_on_errors, page_how_to_read,
           example_chart());
  add_index(page, items);
  // Of few, all is shown.
  for (const CheckedItem* item : items) add_section(page, *item, items.size() <= 10);
  return std::move(page).finish();
}

}  // namespace xgrad::command
