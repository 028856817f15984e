#include <algorithm>
#include <cmath>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/gradcheck_print.hpp"

namespace xgrad::command {

void print_head(const std::string& kind, std::size_t width) {
  print("{:<{}}  samples  elements  kinks  max rel error  bound  order  float32 drift\n", kind,
        width);
}

void print_row(const CheckedItem& item, std::size_t width) {
  print("{:<{}}  {:>7}  {:>8}  {:>5}  {:>13.2e}  {:.0e}  {:>5}  {:>13}  {}\n", item.name, width,
        item.samples.size(), item.elements(), item.kinks(), item.max_rel_error(), item.bound,
        order_text(item.order()), item.drift ? fmt::format("{:.1e}", *item.drift) : "-",
        item.ok() ? "ok" : "FAILED");
  if (item.ok()) return;
  if (!item.samples.empty())
    if (const auto worst = worst_derivative(item.worst().report); worst.input != nullptr)
      print("    worst: sample \"{}\", {}: analytic {:.12g}, numeric {:.12g}\n", item.worst().name,
            element_name(*worst.input, worst.values.element), worst.values.analytic,
            worst.values.numeric);
  constexpr std::size_t most = 3;
  const auto complaints = item.complaints();
  for (std::size_t i = 0; i < std::min(most, complaints.size()); ++i)
    print("    {}\n", complaints[i]);
  if (complaints.size() > most)
    print("    and {} more: see --report or --json\n", complaints.size() - most);
}

void print_inputs(const CheckedItem& item) {
  const auto& inputs = item.worst().report.inputs;
  std::size_t width = 0;
  for (const GradCheckInput& input : inputs) width = std::max(width, input.name.size());
  for (const GradCheckInput& input : inputs)
    print("    {:<{}}  {:<16}  {:>4} {:<10}  {:.2e}  {}\n", input.name, width,
          input.shape.to_string(), input.elements, input.by_directions ? "directions" : "elements",
          input.max_rel_error, input.ok && input.max_rel_error <= item.bound ? "ok" : "FAILED");
}

// A line for each step, with a star at the place of the error between 1e-16 and 1.
void print_sweep(const CheckedItem& item) {
  if (item.samples.empty()) return;
  const CheckedSample& sample = item.worst();
  if (sample.report.sweep.empty()) return;
  constexpr int decades = 16, columns_per_decade = 3;
  print("    sample \"{}\", one direction through all inputs\n", sample.name);
  print("    {:>8}  {:>8}  {:<{}}1\n", "step", "error", "1e-16", decades * columns_per_decade);
  for (const GradCheckStep& point : sample.report.sweep) {
    const double place = (std::log10(std::max(point.error, 1e-300)) + decades) * columns_per_decade;
    // Not finite: at the right end, which is where wrong gradients are.
    const double end = decades * columns_per_decade;
    const auto column =
        static_cast<std::size_t>(std::isfinite(place) ? std::clamp(place, 0.0, end) : end);
    print("    {:>8.1e}  {:>8.1e}  {}*\n", point.step, point.error, std::string(column, ' '));
  }
}

void print_totals(const std::string& kind, const Totals& totals, double seconds) {
  print("{} of {} {}s agree with central differences: ", totals.items - totals.failed, totals.items,
        kind);
  if (totals.samples > totals.items) print("{} samples, ", totals.samples);
  print(
      "{} derivatives in float64, {} elements at kinks, largest relative error {:.2e}, {:.1f} s\n",
      totals.elements, totals.kinks, totals.max_rel_error, seconds);
}

nlohmann::ordered_json inputs_json(const CheckedItem& item) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const GradCheckInput& input : item.worst().report.inputs)
    rows.push_back({{"name", input.name},
                    {"shape", std::vector<Index>(input.shape.begin(), input.shape.end())},
                    {"elements", input.elements},
                    {"by_directions", input.by_directions},
                    {"kinks", input.kinks},
                    {"max_rel_error", input.max_rel_error},
                    {"ok", input.ok && input.max_rel_error <= item.bound}});
  return rows;
}

nlohmann::ordered_json sweep_json(const CheckedItem& item) {
  std::vector<double> steps, errors;
  const bool any = !item.samples.empty();
  if (any)
    for (const GradCheckStep& point : item.worst().report.sweep) {
      steps.push_back(point.step);
      errors.push_back(point.error);
    }
  return {{"sample", any ? item.worst().name : ""}, {"steps", steps}, {"errors", errors}};
}

}  // namespace xgrad::command
