#pragma once

#include <string_view>

namespace xgrad {

/// The identity of a differentiable op. One constant per op, next to the op's declaration; record()
/// keeps a pointer to it, so it must live as long as the program.
struct OpInfo {
  const char* name;         ///< as users call it: "conv2d"
  std::string_view inputs;  ///< the differentiable inputs, in order: "x, w, b"; "xs..." for a list
  const char* formula;      ///< forward and gradient, one line each

  /// Name of input `i` for messages.
  constexpr std::string_view input_name(int i) const {
    if (inputs.ends_with("...")) return inputs.substr(0, inputs.size() - 3);
    std::string_view rest = inputs;
    for (; i > 0 && rest.find(", ") != rest.npos; --i) rest.remove_prefix(rest.find(", ") + 2);
    return rest.substr(0, rest.find(','));
  }
};

}  // namespace xgrad
