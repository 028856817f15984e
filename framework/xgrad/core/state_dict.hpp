#pragma once

#include <map>
#include <string>

#include <xgrad/core/tensor.hpp>

namespace xgrad {

/// Tensors by name, in the order of the names: what modules and optimizers give and take as their
/// state, and what a file of weights holds.
template <class T = float>
using StateDict = std::map<std::string, Tensor<T>>;

}  // namespace xgrad
