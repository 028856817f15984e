#pragma once
// What layers check of their constructors' arguments. Private.

#include <xgrad/core/shape.hpp>

namespace xgrad::nn {

/// Throws ValueError naming the layer and the argument unless `value` is at least 1.
void check_at_least_one(const char* layer, const char* argument, Index value);

}  // namespace xgrad::nn
