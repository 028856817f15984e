#include <xgrad/core/error.hpp>
#include <xgrad/core/precision.hpp>

#include <fmt/format.h>

#include <array>
#include <atomic>

namespace xgrad {
namespace {

constexpr std::array<std::string_view, 3> words{"highest", "high", "medium"};  // as in the enum
std::atomic<MatmulPrecision> chosen{MatmulPrecision::highest};

}  // namespace

void set_float32_matmul_precision(std::string_view precision) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (precision == words[i]) {
      chosen = static_cast<MatmulPrecision>(i);
      return;
    }
  throw ValueError(
      fmt::format("set_float32_matmul_precision(\"{}\") is not known: use \"highest\" or \"medium\"",
                  precision));
}

std::string_view get_float32_matmul_precision() { return words[static_cast<std::size_t>(chosen.load())]; }

MatmulPrecision matmul_precision() { return chosen; }

}  // namespace xgrad
