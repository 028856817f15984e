#pragma once
// Which numbers an option takes. CLI11's own checks let NaN through, and tell of an open range by a
// bound of 309 digits.

#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace xgrad::command {

/// Finite numbers of which holds(x) is true; `which` says so in an error, `type` in the help.
template <class F>
CLI::Validator number_where(F holds, std::string which, std::string type) {
  return CLI::Validator(
      [holds, which = std::move(which)](std::string& word) -> std::string {
        double x = 0;
        if (CLI::detail::lexical_cast(word, x) && std::isfinite(x) && holds(x)) return "";
        return fmt::format("'{}' is not a number {}", word, which);
      },
      std::move(type));
}

inline CLI::Validator above_zero() {
  return number_where([](double x) { return x > 0; }, "above 0", "POSITIVE");
}

inline CLI::Validator from_zero_on() {
  return number_where([](double x) { return x >= 0; }, "of at least 0", "NONNEGATIVE");
}

inline CLI::Validator above_zero_up_to(double high) {
  return number_where([high](double x) { return x > 0 && x <= high; },
                      fmt::format("above 0 and up to {}", high), fmt::format("(0 - {}]", high));
}

/// From `low` to `high`.
inline CLI::Validator between(double low, double high) {
  return number_where([low, high](double x) { return low <= x && x <= high; },
                      fmt::format("from {} to {}", low, high), fmt::format("[{} - {}]", low, high));
}

}  // namespace xgrad::command
