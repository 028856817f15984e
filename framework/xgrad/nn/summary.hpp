#pragma once
// What a model does to an input, and what that costs: a table to print.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

struct Summary {
  /// One op of the recorded graph.
  struct Row {
    std::string module{};    ///< path of the module whose parameters it uses ("conv1"), or ""
    std::string_view op{};   ///< "conv2d"
    std::vector<Shape> outputs{};
    Index parameters = 0;    ///< elements of those that no row above has used
  };
  std::vector<Row> rows{};                      ///< in the order in which they were computed
  std::vector<std::string> unused_parameters{};  ///< those that the result does not depend on
  Index parameters = 0;                         ///< elements, used or not
  std::size_t parameter_bytes = 0;
  std::size_t buffer_bytes = 0;  ///< of running statistics and the like
  std::size_t saved_bytes = 0;   ///< what the graph keeps for backward
  /// The most that a forward and a backward pass take at once, gradients included, besides what was
  /// there before: the parameters and the input. An optimizer's state comes on top.
  std::size_t peak_bytes = 0;

  /// A table, and totals below.
  std::string to_string() const;
};

/// Records what `module` does to `input` and goes back through it, once to get ready and once to
/// measure:
///
///     std::puts(nn::summarize(net, Variable<float>(Tensor<float>(Shape{64, 28, 28, 1})))
///                   .to_string().c_str());
///
/// In the mode that the module is in, training or evaluation. Parameters, gradients, buffers and
/// random streams are afterwards as they were. Throws what forward throws.
template <class T>
Summary summarize(Module<T>& module, const Variable<T>& input);

/// The same for models that take other inputs: `result` computes something of any shape from the
/// parameters of `module`.
template <class T>
Summary summarize(Module<T>& module, const std::function<Variable<T>()>& result);

}  // namespace xgrad::nn
