#pragma once
// What `xgrad gradcheck` finds out about an op or a model, and how it is said.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <xgrad/autograd/grad_check.hpp>

namespace xgrad::command {

/// A sample of an op, or the loss of a model.
struct CheckedSample {
  std::string name{};
  GradCheckReport report{};
};

/// An op with all its samples, or a model.
struct CheckedItem {
  std::string name{};
  std::string formula{};  ///< forward and gradient of an op; what a model computes
  double bound = 0;       ///< the largest relative error that passes
  std::vector<CheckedSample> samples{};
  /// How far gradients in float32 are from those in float64, relative to the largest entry.
  std::optional<double> drift{};
  double seconds = 0;

  bool passed(const CheckedSample& sample) const {
    return sample.report.ok && sample.report.max_rel_error <= bound;
  }
  /// All samples passed, and something was compared: nothing compared is nothing shown.
  bool ok() const;
  Index elements() const;  ///< derivatives compared in all samples
  Index kinks() const;
  double max_rel_error() const;
  /// The sample to look at: one that failed, if any, else the one with the largest error.
  const CheckedSample& worst() const;
  /// The slope of error against step: that of the sample to look at if the item failed, else the
  /// median of all.
  std::optional<double> order() const;
  /// What is wrong, a sentence each, with the sample's name; empty if the item is ok.
  std::vector<std::string> complaints() const;
};

/// The derivative of a sample with the largest relative error, in an input that failed, if any.
struct WorstDerivative {
  const GradCheckInput* input = nullptr;  ///< null where nothing was compared
  GradCheckWorst values{};
};
WorstDerivative worst_derivative(const GradCheckReport& report);

/// "2.00", or "-" where there is no order.
std::string order_text(const std::optional<double>& order);

/// What all items come to.
struct Totals {
  std::size_t items = 0, failed = 0, samples = 0;
  Index elements = 0, kinks = 0;
  double max_rel_error = 0;

  explicit Totals(std::span<const CheckedItem> items);
};

nlohmann::ordered_json to_json(const CheckedItem& item);

}  // namespace xgrad::command
