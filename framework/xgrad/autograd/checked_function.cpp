#include <xgrad/autograd/checked_function.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>

#include <fmt/format.h>

namespace xgrad {

CheckedFunction::CheckedFunction(const std::function<Variable<double>()>& f,
                                 const GradCheckLeaves& leaves)
    : f_(f),
      leaves_(leaves),
      flushed_(flush_denormals()),
      threads_(num_threads()),
      streams_(random_streams()) {
  set_flush_denormals(false);
  set_num_threads(1);
  for (const auto& [name, leaf] : leaves_) {
    values_.push_back(leaf.value().clone());
    grads_.push_back(leaf.grad());
  }
}

CheckedFunction::~CheckedFunction() {
  set_flush_denormals(flushed_);
  set_num_threads(threads_);
  set_random_streams(streams_);
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    restore(i);
    if (leaves_[i].second.requires_grad()) leaves_[i].second.set_grad(grads_[i]);
  }
}

void CheckedFunction::restore(std::size_t leaf) const {
  Tensor<double> current = leaves_[leaf].second.value();
  current.copy_from(values_[leaf]);
}

Variable<double> CheckedFunction::operator()() const {
  set_random_streams(streams_);
  return f_();
}

Tensor<double> CheckedFunction::evaluate() const {
  const NoGrad no_grad;
  return (*this)().value().clone();
}

PerLeaf CheckedFunction::gradients(const Variable<double>& y, const Tensor<double>& cotangent,
                                   bool retain_graph) const {
  for (const auto& [name, leaf] : leaves_) leaf.zero_grad();
  y.backward(cotangent, retain_graph);
  PerLeaf result;
  for (const auto& [name, leaf] : leaves_) {
    result.push_back(leaf.grad());
    if (!leaf.requires_grad()) continue;
    if (!result.back().defined())
      throw GraphError(
          fmt::format("grad_check: {} got no gradient: f does not depend on it, or a detach() or "
                      "NoGrad cuts it off",
                      name));
    if (result.back().shape() != leaf.shape())
      throw ShapeError(fmt::format("grad_check: {} of shape {} got a gradient of shape {}", name,
                                   leaf.shape().to_string(), result.back().shape().to_string()));
  }
  return result;
}

Line CheckedFunction::along_element(std::size_t leaf, Index element) const {
  return [this, leaf, element](double t) {
    Tensor<double> x = leaves_[leaf].second.value();
    const double before = values_[leaf].data()[element];
    x.data()[element] = before + t;
    const double moved = x.data()[element] - before;
    Tensor<double> y = evaluate();
    restore(leaf);
    return LineValue{std::move(y), moved};
  };
}

Line CheckedFunction::along(const PerLeaf& direction) const {
  return [this, &direction](double t) {
    for (std::size_t i = 0; i < direction.size(); ++i) {
      if (!direction[i].defined()) continue;
      const double *start = values_[i].data(), *v = direction[i].data();
      Tensor<double> current = leaves_[i].second.value();
      double* const x = current.data();
      for (Index k = 0; k < current.size(); ++k) x[k] = start[k] + t * v[k];
    }
    Tensor<double> y = evaluate();
    for (std::size_t i = 0; i < direction.size(); ++i)
      if (direction[i].defined()) restore(i);
    return LineValue{std::move(y), t};
  };
}

}  // namespace xgrad
