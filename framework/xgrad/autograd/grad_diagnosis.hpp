#pragma once
// From a wrong gradient to the likely cause.

#include <set>
#include <string>
#include <vector>

#include <xgrad/core/tensor.hpp>

namespace xgrad {

/// A gradient that failed its check, and what tells one cause from another. `shape` is that of the
/// input.
struct GradientEvidence {
  Shape shape{};
  std::vector<double> analytic{};
  std::vector<double> numeric{};
  /// What follows may be missing: the input's values, the result, its gradient, and how each
  /// element of the result takes part in each derivative: [outputs, elements], row after row,
  /// weighted by the cotangent.
  std::vector<double> value{};
  Shape output_shape{};
  std::vector<double> output{};
  std::vector<double> cotangent{};
  std::vector<double> jacobian{};
};

/// One sentence on the likely cause. There always is one; where no pattern tells, it describes what
/// is there.
std::string diagnose(const GradientEvidence& evidence);

/// The same for derivatives along random directions, which tell less; of the evidence only they are
/// there.
std::string diagnose_directions(const GradientEvidence& evidence);

/// "index 0 to 3 on axis 1 (of 5)". `indices` is not empty.
std::string indices_on_axis(const std::set<Index>& indices, int axis, Index extent);

}  // namespace xgrad
