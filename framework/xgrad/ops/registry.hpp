#pragma once
// The table of all ops, each with samples of its use. Gradient checks, comparisons with the naive
// references, leak checks and thread-count checks are generated from it; an op without samples fails
// the tests.

#include <any>
#include <functional>
#include <span>
#include <string>
#include <typeinfo>
#include <vector>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

/// Which of an op's options a sample sets to something else than their defaults.
struct OptionUse {
  const std::type_info* type = &typeid(void);  ///< of the options; void where an op has none
  std::vector<bool> set{};                     ///< for each field of the options, in order
};

/// One use of an op: its inputs, in the order of OpInfo::inputs and kept away from kinks and poles,
/// and its options. `apply` is a pure function of the inputs: it may be called any number of times.
struct Sample {
  template <class T>
  using Apply = std::function<Variable<T>(std::span<const Variable<T>>)>;

  std::string name;                    ///< "stride 2, padding 1"
  std::vector<Tensor<double>> inputs;  ///< an undefined tensor stands for an absent optional input
  std::any options;                    ///< what the naive reference needs to know besides
  OptionUse use;
  Apply<double> apply64;
  Apply<float> apply32;
};

/// An op and its samples.
struct OpEntry {
  const OpInfo* op;
  /// A polynomial of degree two at most in each input, for which central differences are exact but
  /// for rounding.
  bool polynomial;
  std::vector<Sample> samples;
  /// Uses at the ends of the number range, at kinks and at poles, where central differences mean
  /// nothing: outputs and gradients are compared with naive references instead.
  std::vector<Sample> extremes{};
};

/// All ops, in a fixed order.
const std::vector<OpEntry>& op_registry();

/// The families that make up the table; each stands beside its ops.
std::vector<OpEntry> elementwise_entries();
std::vector<OpEntry> reduce_entries();
std::vector<OpEntry> shape_entries();
std::vector<OpEntry> linear_entries();
std::vector<OpEntry> conv_entries();
std::vector<OpEntry> pool_entries();
std::vector<OpEntry> norm_entries();
std::vector<OpEntry> loss_entries();
std::vector<OpEntry> dropout_entries();
std::vector<OpEntry> embedding_entries();
std::vector<OpEntry> recurrent_entries();

}  // namespace xgrad
