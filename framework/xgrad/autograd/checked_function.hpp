#pragma once
// A function of leaves as the gradient check sees it: called again and again from the same state,
// at values that are varied and put back.

#include <functional>
#include <vector>

#include <xgrad/autograd/finite_difference.hpp>
#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/random.hpp>

namespace xgrad {

/// A tensor for each leaf, undefined for those that take no part.
using PerLeaf = std::vector<Tensor<double>>;

/// While it lives, denormal numbers count, memory holds NaNs until it is written to, and one thread
/// does all the work: of thousands of tiny evaluations none is worth waking a second one for. When
/// it ends, the leaves' values and gradients and the random streams are as they were.
class CheckedFunction {
 public:
  /// Both must outlive it.
  CheckedFunction(const std::function<Variable<double>()>& f, const GradCheckLeaves& leaves);
  ~CheckedFunction();
  CheckedFunction(const CheckedFunction&) = delete;
  CheckedFunction& operator=(const CheckedFunction&) = delete;

  const GradCheckLeaves& leaves() const { return leaves_; }
  /// The value of a leaf, as it was.
  const Tensor<double>& value(std::size_t leaf) const { return values_[leaf]; }

  /// Calls f, with the random streams as they were.
  Variable<double> operator()() const;
  /// The value of that alone, in memory of its own.
  Tensor<double> evaluate() const;

  /// The leaves' gradients by backward() of `y`. Throws GraphError or ShapeError naming a leaf that
  /// got none, or one of another shape.
  PerLeaf gradients(const Variable<double>& y, const Tensor<double>& cotangent,
                    bool retain_graph = false) const;

  /// The function while one element of a leaf varies.
  Line along_element(std::size_t leaf, Index element) const;
  /// The function while all leaves vary, each along its part of `direction`, which must outlive the
  /// line.
  Line along(const PerLeaf& direction) const;

  /// Puts the value of a leaf back.
  void restore(std::size_t leaf) const;

 private:
  const std::function<Variable<double>()>& f_;
  const GradCheckLeaves& leaves_;
  bool flushed_;
  int threads_;
  PoisonedPool poisoned_;
  RandomStreams streams_;
  PerLeaf values_, grads_;
};

}  // namespace xgrad
