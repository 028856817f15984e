#pragma once
// The page that `xgrad gradcheck --report` writes.

#include <cstdint>
#include <span>
#include <string>

#include "tools/xgrad/gradcheck_result.hpp"

namespace xgrad::command {

struct GradCheckPage {
  std::string kind = "op";  ///< or "model": what an item is
  std::span<const CheckedItem> items{};
  std::uint64_t seed = 0;
  double seconds = 0;
  std::string version{};
};

/// One HTML document that needs nothing else: what was done, the summary, and a section per item,
/// those that failed first.
std::string to_html(const GradCheckPage& page);

}  // namespace xgrad::command
