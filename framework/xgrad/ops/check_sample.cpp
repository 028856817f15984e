#include <xgrad/ops/check_sample.hpp>

#include <algorithm>

namespace xgrad {

GradCheckReport check_sample(const OpEntry& entry, const Sample& sample, std::uint64_t seed) {
  std::vector<Variable<double>> inputs;
  GradCheckLeaves given;
  std::vector<std::size_t> position;  // of a given input among all
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    const Tensor<double>& x = sample.inputs[i];
    inputs.push_back(x.defined() ? Variable<double>(x.clone(), x.size() > 0) : Variable<double>());
    if (!inputs[i].requires_grad()) continue;
    given.emplace_back(entry.op->input_name(static_cast<int>(i)), inputs[i]);
    position.push_back(i);
  }
  // Without an element to vary there is nothing to compare, and the report says so.
  if (given.empty()) return {.ok = true};
  // The bound on relative errors decides, next to a floor for entries that are zero but for
  // rounding.
  const double bound = gradient_error_bound(entry);
  GradCheckReport report = grad_check([&] { return sample.apply64(inputs); }, given,
                                      {.atol = bound, .rtol = bound, .seed = seed});
  // The report counts as OpInfo::inputs does.
  std::vector<GradCheckInput> all(sample.inputs.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i].name = entry.op->input_name(static_cast<int>(i));
  for (std::size_t k = 0; k < given.size(); ++k) {
    all[position[k]] = std::move(report.inputs[k]);
    for (GradCheckWorst& worst : all[position[k]].worst) worst.input = position[k];
  }
  report.inputs = std::move(all);
  report.worst.input = position[report.worst.input];
  return report;
}

// Steps are chosen so that truncation and rounding stay near 1e-11 of the function's scale, which
// in a sum of many terms may be hundreds of times the derivative. A polynomial of degree two has no
// truncation error.
double gradient_error_bound(const OpEntry& entry) { return entry.polynomial ? 1e-8 : 1e-6; }

}  // namespace xgrad
