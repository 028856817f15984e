#include <xgrad/core/error.hpp>
#include <xgrad/core/log.hpp>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace xgrad {
namespace {

spdlog::level::level_enum parse_level(std::string_view word) {
  const auto level = spdlog::level::from_str(std::string(word));
  // spdlog answers "off" for every word it does not know.
  if (level == spdlog::level::off && word != "off")
    throw ValueError(
        fmt::format("log level '{}' is not known: use trace, debug, info, warning, "
                    "error or off",
                    word));
  return level;
}

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger = std::make_shared<spdlog::logger>(
      "xgrad", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("[%H:%M:%S] [%^%l%$] %v");
  if (const char* word = std::getenv("XGRAD_LOG_LEVEL")) {
    try {
      logger->set_level(parse_level(word));
    } catch (const ValueError& error) {
      logger->warn("XGRAD_LOG_LEVEL: {}", error.what());
    }
  }
  return logger;
}

}  // namespace

spdlog::logger& log() {
  static const std::shared_ptr<spdlog::logger> logger = make_logger();
  return *logger;
}

void set_log_level(std::string_view level) { log().set_level(parse_level(level)); }

}  // namespace xgrad
