#include <xgrad/core/error.hpp>
#include <xgrad/core/precision.hpp>

#include <fmt/format.h>

namespace xgrad {

void set_float32_matmul_precision(std::string_view precision) {
  if (precision == "highest") return;
  if (precision == "high" || precision == "medium")
    throw ValueError(
        fmt::format("set_float32_matmul_precision(\"{}\"): this version has no kernels of "
                    "reduced precision: use \"highest\"",
                    precision));
  throw ValueError(
      fmt::format("set_float32_matmul_precision(\"{}\") is not known: use \"highest\"", precision));
}

}  // namespace xgrad
