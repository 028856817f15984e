#pragma once
// Wrong gradients as they come about by mistake: for each op, what its backward function would have
// computed with an error in it. planted_errors_test.cpp runs them all; the gradient check must find
// every one. The ops themselves are not touched.

#include <any>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <xgrad/ops/argument_samples.hpp>
#include <xgrad/ops/registry.hpp>
#include <xgrad/xgrad.hpp>

namespace planted {

using xgrad::Index;
using xgrad::Shape;
using xgrad::Tensor;
using Var = xgrad::Variable<double>;
using Vars = std::vector<Var>;

/// What a backward function has before it. All are constants, so that errors are written with ops.
struct BackwardCall {
  const xgrad::Sample& sample;
  Vars in;  ///< undefined where an input is absent
  Var y, dy;
  Vars dx;  ///< the right gradients; an error replaces some

  template <class Options>
  const Options& options() const {
    return std::any_cast<const Options&>(sample.options);
  }

  /// The right gradients for other inputs or another cotangent.
  Vars backward(const Vars& inputs, const Var& cotangent) const;
  Var backward(std::size_t input, const Var& cotangent) const {
    return backward(in, cotangent)[input];
  }
};

struct PlantedError {
  const char* op;
  const char* sample;  ///< of the registry
  const char* what;    ///< "dw: the last row only, = for +="
  const char* says;    ///< what the diagnosis must contain, alternatives separated by |
  void (*plant)(BackwardCall&);
};

/// The gradients of sum(dy * f(in)): most errors are the right backward of a wrong function.
using Function = std::function<Var(const Vars&)>;
Vars gradients(const Function& f, const Vars& in, const Var& dy);

/// `value`, with the gradient of `path`: an op whose backward belongs to another.
Var with_backward_of(const Var& path, const Var& value);

/// Index i of an axis, kept with extent 1.
Var at(const Var& x, int axis, Index i);
/// x, with zeros everywhere but (or: only) at index i of an axis.
Var only(const Var& x, int axis, Index i);
Var without(const Var& x, int axis, Index i);
/// Element i becomes element i + by, those that leave come in at the other end.
Var rolled(const Var& x, int axis, Index by);
Var flipped(const Var& x, int axis);
/// The blocks of the leading axis, equally large, in another order.
Var blocks(const Var& x, const std::vector<Index>& order);
/// x's elements, in row-major order, as a matrix of the other orientation, transposed.
Var transposed(const Var& x);
Var zeros_like(const Var& x);

/// The gradient of an input with = for += over an output axis: each index of the axis contributes
/// some elements, and later ones overwrite earlier ones.
Var overwritten(const BackwardCall& b, std::size_t input, int output_axis);

std::vector<PlantedError> elementwise();
std::vector<PlantedError> arithmetic();
std::vector<PlantedError> reduce();
std::vector<PlantedError> shape();
std::vector<PlantedError> linear();
std::vector<PlantedError> conv();
std::vector<PlantedError> pool();
std::vector<PlantedError> norm();
std::vector<PlantedError> loss();
std::vector<PlantedError> embedding();
std::vector<PlantedError> recurrent();

}  // namespace planted
