#pragma once

#include <filesystem>
#include <optional>

namespace xgrad::datasets {

/// Where data is kept that `xgrad fetch` brought: $XDG_CACHE_HOME/xgrad, or ~/.cache/xgrad. Nothing
/// if neither $XDG_CACHE_HOME nor $HOME is set. The folder need not be there.
std::optional<std::filesystem::path> user_cache();

}  // namespace xgrad::datasets
