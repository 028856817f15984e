#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace xgrad::datasets {

/// Where data is kept that `xgrad fetch` brought: $XDG_CACHE_HOME/xgrad, or ~/.cache/xgrad. Nothing
/// if neither $XDG_CACHE_HOME nor $HOME is set. The folder need not be there.
std::optional<std::filesystem::path> user_cache();

/// A folder where data is looked for.
struct DataPlace {
  std::string what;  ///< "$XGRAD_DATA/mnist", "the user's cache" ...
  std::filesystem::path folder;
  bool found = false;  ///< it holds one of the files at least
};

/// $XGRAD_DATA/name, if $XGRAD_DATA is set, and the user's cache; `found` is the caller's to fill
/// in.
std::vector<DataPlace> usual_places(const std::string& name);

}  // namespace xgrad::datasets
