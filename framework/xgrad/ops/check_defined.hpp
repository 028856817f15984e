#pragma once
// The check that every op makes of the inputs it cannot do without. Private.

#include <string>
#include <string_view>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>
#include <xgrad/core/error.hpp>

namespace xgrad {

[[noreturn, gnu::cold, gnu::noinline]] inline void throw_undefined(const OpInfo& op,
                                                                   std::string_view input) {
  throw ValueError(std::string(op.name).append(": ").append(input) +
                   " is undefined: give it a value; a variable that was moved from has none");
}

/// Throws ValueError naming the op and the input, `x` being number `input` of OpInfo::inputs, if
/// the variable is undefined.
template <class T>
void check_defined(const OpInfo& op, const Variable<T>& x, int input = 0) {
  if (!x.defined()) [[unlikely]]
    throw_undefined(op, op.input_name(input));
}

}  // namespace xgrad
