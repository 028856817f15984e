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

std::vector<DataPlace> usual_places(const std::string& name) {
  std::vector<DataPlace> places;
  if (const char* data = std::getenv("XGRAD_DATA"); data != nullptr && *data != '\0')
    places.push_back({"$XGRAD_DATA/" + name, std::filesystem::path(data) / name});
  if (const auto cache = user_cache()) places.push_back({"the user's cache", *cache / name});
  return places;
}

}  // namespace xgrad::datasets
