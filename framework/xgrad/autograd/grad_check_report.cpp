// What people read of a gradient check.

#include <xgrad/autograd/grad_check.hpp>

#include <fmt/format.h>

namespace xgrad {

std::string element_name(const GradCheckInput& input, Index element) {
  if (element < 0) return input.name + " along a random direction";
  std::vector<Index> index(input.shape.size());
  for (int axis = input.shape.rank() - 1; axis >= 0; --axis) {
    index[static_cast<std::size_t>(axis)] = element % input.shape[axis];
    element /= input.shape[axis];
  }
  return fmt::format("{}[{}]", input.name, fmt::join(index, ", "));
}

std::string GradCheckReport::to_string() const {
  std::string text =
      fmt::format("{}: {} derivatives, max relative error {:.2e}, max absolute error {:.2e}",
                  ok ? "ok" : "FAILED", elements, max_rel_error, max_abs_error);
  if (kinks > 0) text += fmt::format("; {} at a kink, not compared", kinks);
  if (order) text += fmt::format("; order of convergence {:.2f}", *order);
  if (worst.input < inputs.size() && elements > 0)
    text += fmt::format("; worst at {}: analytic {:.12g}, numeric {:.12g}",
                        element_name(inputs[worst.input], worst.element), worst.analytic,
                        worst.numeric);
  if (elements == 0) text += ": nothing could be compared; move the inputs off the kinks";
  for (const GradCheckInput& input : inputs)
    if (!input.ok)
      text += fmt::format("\n  {}: {} of {} wrong: {}", input.name, input.failed, input.elements,
                          input.diagnosis);
  for (const std::string& problem : problems) text.append("\n  ").append(problem);
  return text;
}

}  // namespace xgrad
