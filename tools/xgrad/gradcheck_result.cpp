#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "tools/xgrad/gradcheck_result.hpp"

namespace xgrad::command {

bool CheckedItem::ok() const {
  return elements() > 0 && std::all_of(samples.begin(), samples.end(),
                                       [this](const auto& sample) { return passed(sample); });
}

Index CheckedItem::elements() const {
  Index sum = 0;
  for (const CheckedSample& sample : samples) sum += sample.report.elements;
  return sum;
}

Index CheckedItem::kinks() const {
  Index sum = 0;
  for (const CheckedSample& sample : samples) sum += sample.report.kinks;
  return sum;
}

double CheckedItem::max_rel_error() const {
  double largest = 0;
  for (const CheckedSample& sample : samples)
    largest = std::max(largest, sample.report.max_rel_error);
  return largest;
}

const CheckedSample& CheckedItem::worst() const {
  return *std::max_element(samples.begin(), samples.end(), [this](const auto& a, const auto& b) {
    return std::pair(!passed(a), a.report.max_rel_error) <
           std::pair(!passed(b), b.report.max_rel_error);
  });
}

std::optional<double> CheckedItem::order() const {
  if (!samples.empty() && !ok()) return worst().report.order;
  std::vector<double> orders;
  for (const CheckedSample& sample : samples)
    if (sample.report.order) orders.push_back(*sample.report.order);
  if (orders.empty()) return {};
  const auto middle = orders.begin() + static_cast<std::ptrdiff_t>(orders.size() / 2);
  std::nth_element(orders.begin(), middle, orders.end());
  return *middle;
}

std::vector<std::string> CheckedItem::complaints() const {
  std::vector<std::string> all;
  for (const CheckedSample& sample : samples) {
    if (passed(sample)) continue;
    const std::size_t before = all.size();
    const auto complain = [&](const std::string& what) {
      all.push_back(samples.size() == 1 ? what
                                        : fmt::format("sample \"{}\": {}", sample.name, what));
    };
    for (const std::string& problem : sample.report.problems) complain(problem);
    for (const GradCheckInput& input : sample.report.inputs)
      if (!input.ok)
        complain(fmt::format("{}: {} of {} derivatives are wrong: {}", input.name, input.failed,
                             input.elements, input.diagnosis));
    if (all.size() == before)
      complain(fmt::format("the relative error {:.2e} is small, and yet above the bound {:.0e}",
                           sample.report.max_rel_error, bound));
  }
  if (all.empty() && elements() == 0) all.push_back("there was nothing to compare");
  return all;
}

WorstDerivative worst_derivative(const GradCheckReport& report) {
  WorstDerivative worst;
  for (const GradCheckInput& input : report.inputs) {
    if (input.worst.empty()) continue;
    if (worst.input == nullptr || std::pair(!input.ok, input.max_rel_error) >
                                      std::pair(!worst.input->ok, worst.input->max_rel_error))
      worst = {&input, input.worst.front()};
  }
  return worst;
}

std::string order_text(const std::optional<double>& order) {
  if (!order) return "-";
  return fmt::format("{:.2f}", std::abs(*order) < 0.005 ? 0.0 : *order);  // and not "-0.00"
}

Totals::Totals(std::span<const CheckedItem> all) : items(all.size()) {
  for (const CheckedItem& item : all) {
    failed += item.ok() ? 0 : 1;
    samples += item.samples.size();
    elements += item.elements();
    kinks += item.kinks();
    max_rel_error = std::max(max_rel_error, item.max_rel_error());
  }
}

namespace {

nlohmann::ordered_json optional_number(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json worst_json(const CheckedItem& item) {
  const WorstDerivative worst = worst_derivative(item.worst().report);
  if (worst.input == nullptr) return nullptr;
  return {{"sample", item.worst().name},
          {"input", worst.input->name},
          {"element", worst.values.element},
          {"name", element_name(*worst.input, worst.values.element)},
          {"analytic", worst.values.analytic},
          {"numeric", worst.values.numeric}};
}

}  // namespace

nlohmann::ordered_json to_json(const CheckedItem& item) {
  nlohmann::ordered_json problems = nlohmann::ordered_json::array();
  for (const CheckedSample& sample : item.samples)
    for (const std::string& problem : sample.report.problems) problems.push_back(problem);
  return {{"samples", item.samples.size()},
          {"elements", item.elements()},
          {"kinks", item.kinks()},
          {"max_rel_error", item.max_rel_error()},
          {"bound", item.bound},
          {"order", optional_number(item.order())},
          {"float32_drift", optional_number(item.drift)},
          {"seconds", item.seconds},
          {"ok", item.ok()},
          {"worst", worst_json(item)},
          {"diagnosis", item.complaints()},
          {"problems", std::move(problems)}};
}

}  // namespace xgrad::command
