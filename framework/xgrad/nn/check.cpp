#include <xgrad/core/error.hpp>
#include <xgrad/nn/check.hpp>

#include <fmt/format.h>

namespace xgrad::nn {

void check_at_least_one(const char* layer, const char* argument, Index value) {
  if (value < 1)
    throw ValueError(fmt::format("{}: {} is {}: give at least 1", layer, argument, value));
}

}  // namespace xgrad::nn
