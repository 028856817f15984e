#pragma once
// A gradient beside what finite differences give in its place, element by element and along
// directions.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/autograd/checked_function.hpp>

namespace xgrad {

/// What backward() gave for sum(cotangent * f), and the means to find out whether that is right.
class CheckedGradient {
 public:
  /// `y` is the value of f, `analytic` what backward() gave to each leaf; `eps` is the step to
  /// take, if it is not to be chosen. `f` must outlive this.
  CheckedGradient(const CheckedFunction& f, Tensor<double> y, Tensor<double> cotangent,
                  PerLeaf analytic, std::optional<double> eps)
      : f_(f),
        y_(std::move(y)),
        cotangent_(std::move(cotangent)),
        analytic_(std::move(analytic)),
        eps_(eps) {}

  const Tensor<double>& y() const { return y_; }
  const Tensor<double>& cotangent() const { return cotangent_; }
  const Tensor<double>& analytic(std::size_t leaf) const { return analytic_[leaf]; }

  /// The derivative by one element, by finite differences.
  LineDerivative by_element(std::size_t leaf, Index element) const;
  /// The central difference of step `step` along a line of the function.
  LineDerivative difference(const Line& line, double step) const {
    return central_difference(line, y_, cotangent_, step);
  }
  /// The first step to try for an element: one that a value of this size can tell apart.
  double first_step(std::size_t leaf, Index element) const;
  /// Whether f switches at this very element: some outputs have different slopes to the left and to
  /// the right, and what backward() gives for each of them is one of the two or between them, as
  /// where several switches meet; the others are smooth.
  bool is_kink(std::size_t leaf, Index element, double step) const;
  /// How each output takes part in the derivative by each element of a leaf, [outputs, elements],
  /// by plain central differences; empty where it would be too large to be worth it.
  std::vector<double> jacobian(std::size_t leaf) const;

  /// The derivative along a direction, by finite differences.
  LineDerivative along(const PerLeaf& direction) const;
  /// The one that backward() gives, and its size without cancellation.
  std::pair<double, double> analytic_along(const PerLeaf& direction) const;
  bool is_wrong_along(const PerLeaf& direction) const;
  /// An element of `leaf` that makes a direction wrong: the direction is halved, and the half that
  /// is further off kept, down to one element.
  Index locate(std::size_t leaf, const PerLeaf& direction) const;
  /// "all with index 3 on axis 0 (of 4); " for the axes on which some indices are right. Axes that
  /// would take long are left out.
  std::string wrong_slices(std::size_t leaf, const PerLeaf& direction) const;

 private:
  LineDerivative derivative(const Line& line, double step) const;

  const CheckedFunction& f_;
  const Tensor<double> y_, cotangent_;
  const PerLeaf analytic_;
  const std::optional<double> eps_;
};

}  // namespace xgrad
