#include <xgrad/ops/check_sample.hpp>

#include <algorithm>

namespace xgrad {

GradCheckReport check_sample(const OpEntry& entry, const Sample& sample, std::uint64_t seed) {
  std::vector<Variable<double>> given;
  std::vector<std::size_t> position;  // of a given input among all
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    if (!sample.inputs[i].defined()) continue;
    given.emplace_back(sample.inputs[i], sample.inputs[i].size() > 0);
    position.push_back(i);
  }
  // Without an element to vary there is nothing to compare, and the report says so.
  if (std::none_of(given.begin(), given.end(), [](const auto& x) { return x.requires_grad(); }))
    return {.ok = true};
  const auto f = [&](const std::vector<Variable<double>>& in) {
    std::vector<Variable<double>> inputs(sample.inputs.size());
    for (std::size_t k = 0; k < in.size(); ++k) inputs[position[k]] = in[k];
    return sample.apply64(inputs);
  };
  GradCheckReport report =
      grad_check(f, given, {.eps = entry.polynomial ? 1e-3 : 1e-5, .seed = seed});
  report.worst.input = position[report.worst.input];
  return report;
}

// Central differences of a polynomial of degree two are exact but for rounding, which a long step
// makes small; elsewhere a step of 1e-5 has a truncation error near 1e-10 and a rounding error near
// 1e-11 per unit of scale.
double gradient_error_bound(const OpEntry& entry) { return entry.polynomial ? 1e-8 : 1e-6; }

}  // namespace xgrad
