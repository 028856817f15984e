#include <xgrad/nn/grad_check.hpp>

namespace xgrad::nn {
namespace {

// A module's buffers as they were when this was made.
class Buffers {
 public:
  explicit Buffers(const Module<double>& module) {
    for (auto& [path, tensor] : module.named_buffers()) saved_.emplace_back(tensor, tensor.clone());
  }
  void restore() {
    for (auto& [buffer, before] : saved_) buffer.copy_from(before);
  }

 private:
  std::vector<std::pair<Tensor<double>, Tensor<double>>> saved_;
};

GradCheckReport check(Module<double>& module, const GradCheckLeaves& leaves,
                      const std::function<Variable<double>()>& f, const GradCheckOptions& options) {
  Buffers buffers(module);
  const auto from_the_same_state = [&] {
    buffers.restore();
    return f();
  };
  try {
    GradCheckReport report = xgrad::grad_check(from_the_same_state, leaves, options);
    buffers.restore();
    return report;
  } catch (...) {
    buffers.restore();
    throw;
  }
}

}  // namespace

GradCheckReport grad_check(Module<double>& module, const Tensor<double>& x,
                           const GradCheckOptions& options) {
  const Variable<double> input(x.clone(), true);
  GradCheckLeaves leaves{{"x", input}};
  for (auto& parameter : module.named_parameters()) leaves.push_back(std::move(parameter));
  return check(
      module, leaves, [&] { return module(input); }, options);
}

GradCheckReport grad_check(Module<double>& module, const std::function<Variable<double>()>& f,
                           const GradCheckOptions& options) {
  return check(module, module.named_parameters(), f, options);
}

}  // namespace xgrad::nn
