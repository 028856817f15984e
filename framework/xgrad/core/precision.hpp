#pragma once

#include <string_view>

namespace xgrad {

/// How exactly float products are computed; PyTorch's function of that name. "highest", the
/// default: in float. The other words of PyTorch, "high" and "medium", allow products of rounded
/// operands; there are no such kernels yet, and they throw ValueError rather than do nothing.
void set_float32_matmul_precision(std::string_view precision);

}  // namespace xgrad
