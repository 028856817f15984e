#pragma once

#include <string_view>

#include <spdlog/logger.h>

namespace xgrad {

/// The library's logger: to stderr, at level "info" unless the environment variable XGRAD_LOG_LEVEL
/// or set_log_level says otherwise.
spdlog::logger& log();

/// "trace", "debug", "info", "warning", "error" or "off". Throws ValueError on another word.
void set_log_level(std::string_view level);

}  // namespace xgrad
