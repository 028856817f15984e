#pragma once
// Checks gradients against finite differences, in double precision, and says what is wrong with
// those that fail.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/autograd/variable.hpp>

namespace xgrad {

struct GradCheckOptions {
  /// Step of the central differences, positive. By default it is chosen for each element from the
  /// function's behaviour around it, and the truncation error is extrapolated away.
  std::optional<double> eps{};
  double atol = 1e-5;      ///< an element passes if |analytic - numeric| <= atol + rtol * |numeric|
  double rtol = 1e-3;      ///< neither is negative
  std::uint64_t seed = 0;  ///< of the random cotangent and directions
  /// An input of more elements than this is checked along random directions and not element by
  /// element. Zero or more.
  Index full_up_to = 2000;
  int directions = 4;  ///< for each such input; at least 1
};

/// One partial derivative, as backward() and as finite differences give it.
struct GradCheckWorst {
  std::size_t input = 0;
  Index element = 0;  ///< flat, row-major; -1 for the derivative along a random direction
  double analytic = 0;
  double numeric = 0;
};

/// What the check of one input found.
struct GradCheckInput {
  std::string name{};
  Shape shape{};
  bool ok = true;
  Index elements = 0;  ///< derivatives compared: the input's elements, or the directions
  Index failed = 0;    ///< of these
  /// Elements at a switch of a max, relu or pool: left and right derivative differ, and backward()
  /// gives one of them or a value between. They count neither as passed nor as failed, nor in the errors below.
  Index kinks = 0;
  bool by_directions = false;
  double max_abs_error = 0;
  double max_rel_error = 0;  ///< see GradCheckReport
  /// The elements with the largest relative errors, the worst first; at most five.
  std::vector<GradCheckWorst> worst{};
  std::string diagnosis{};  ///< where the check failed: the likely cause, one sentence
};

/// A central difference of a certain step, along one random direction through all inputs.
struct GradCheckStep {
  double step = 0;
  double error = 0;  ///< of the directional derivative, relative
};

struct GradCheckReport {
  /// All derivatives that were compared passed, there were some, and there are no problems.
  bool ok = false;
  double max_abs_error = 0;
  /// |analytic - numeric| / max(|analytic|, |numeric|, a thousandth of the largest entry of that
  /// input's gradient, a ten-thousandth of the largest of all): entries that are zero but for
  /// rounding do not count as relative errors.
  double max_rel_error = 0;
  GradCheckWorst worst{};  ///< the derivative with the largest relative error
  Index elements = 0;      ///< derivatives compared
  Index kinks = 0;         ///< elements at a switch, which were not

  std::vector<GradCheckInput> inputs{};  ///< in the order given
  /// What is wrong besides numbers: a second backward() with other results, a value that backward()
  /// changed, a graph that outlives its result.
  std::vector<std::string> problems{};

  /// The error against the step, from long steps to short: it falls as step^2 until rounding takes
  /// over, and the curve of a correct gradient is a V in a double logarithmic picture.
  std::vector<GradCheckStep> sweep{};
  /// The slope of its falling branch, near 2 if the gradient is right and 0 if it is not; nothing
  /// where no branch is long enough, as for polynomials of degree two, which have no truncation
  /// error.
  std::optional<double> order{};

  /// For people: one line, and for each input that failed its worst element and the likely cause.
  std::string to_string() const;
};

/// "x[2, 0, 3]": how people call an element of an input.
std::string element_name(const GradCheckInput& input, Index element);

using GradCheckFunction = std::function<Variable<double>(const std::vector<Variable<double>>&)>;
/// Leaves of a graph, by name: Module::named_parameters(), for example.
using GradCheckLeaves = std::vector<std::pair<std::string, Variable<double>>>;

/// Compares backward() of `f` with central differences of sum(cotangent * f(inputs)), cotangent
/// random and uniform in ±[0.5, 1.5], for every input that requires a gradient (all, where none
/// does). `f` must be a function of the inputs alone; the library's random streams are put back
/// before every call, so that dropout is one. The inputs and the streams are not changed.
///
/// Also checked: a second backward() gives identical bytes, neither f nor backward() writes to the
/// inputs or the result, elements that do not matter have a gradient of zero, and no node of the
/// graph outlives it. The pool hands out NaNs meanwhile, so that gradients not written in full
/// show.
///
/// Throws GraphError if a checked input gets no gradient; ValueError without inputs, for a checked
/// input without elements, which would pass unseen, for an `f` that gives other bytes the second
/// time, and for an option outside its range.
GradCheckReport grad_check(const GradCheckFunction& f, const std::vector<Variable<double>>& inputs,
                           const GradCheckOptions& options = {});

/// The same for a function of leaves that it knows itself, as a loss of a model is of its
/// parameters. The leaves' values are varied in place and put back, and so are their gradients.
GradCheckReport grad_check(const std::function<Variable<double>()>& f,
                           const GradCheckLeaves& leaves, const GradCheckOptions& options = {});

}  // namespace xgrad
