#pragma once
// Checks gradients against central differences, in double precision.

#include <functional>
#include <string>
#include <vector>

#include <xgrad/autograd/variable.hpp>

namespace xgrad {

struct GradCheckOptions {
  double eps = 1e-6;   ///< step of the central difference, the same for every element; positive
  double atol = 1e-5;  ///< an element passes if |analytic - numeric| <= atol + rtol * |numeric|
  double rtol = 1e-3;  ///< neither is negative
  std::uint64_t seed = 0;  ///< of the random cotangent
};

/// The element with the largest relative error.
struct GradCheckWorst {
  std::size_t input = 0;
  Index element = 0;  ///< flat, row-major
  double analytic = 0;
  double numeric = 0;
};

struct GradCheckReport {
  bool ok = false;
  double max_abs_error = 0;
  /// |analytic - numeric| / max(|analytic|, |numeric|, a thousandth of the largest entry of that
  /// input's gradient): entries that are zero but for rounding do not count as relative errors.
  double max_rel_error = 0;
  GradCheckWorst worst{};
  Index elements = 0;  ///< how many partial derivatives were compared

  /// One line for people.
  std::string to_string() const;
};

using GradCheckFunction = std::function<Variable<double>(const std::vector<Variable<double>>&)>;

/// Compares backward() of `f` with central differences of sum(cotangent * f(inputs)), cotangent random
/// and uniform in ±[0.5, 1.5], for every element of every input that requires a gradient (of all
/// inputs where none does). `f` must be deterministic. The inputs are not changed.
/// Throws GraphError if a checked input gets no gradient; ValueError without inputs, for a checked
/// input without elements, which would pass unseen, and for an option outside its range.
GradCheckReport grad_check(const GradCheckFunction& f, const std::vector<Variable<double>>& inputs,
                           const GradCheckOptions& options = {});

}  // namespace xgrad
