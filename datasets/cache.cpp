#include <datasets/cache.hpp>

#include <cstdlib>

namespace xgrad::datasets {

std::optional<std::filesystem::path> user_cache() {
  const auto is_set = [](const char* value) { return value != nullptr && *value != '\0'; };
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); is_set(cache))
    return std::filesystem::path(cache) / "xgrad";
  if (const char* home = std::getenv("HOME"); is_set(home))
    return std::filesystem::path(home) / ".cache/xgrad";
  return std::nullopt;
}

}  // namespace xgrad::datasets
