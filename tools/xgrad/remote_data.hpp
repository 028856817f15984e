#pragma once
// The data sets that can be fetched: which files they are, and who has them.

#include <filesystem>
#include <string>
#include <vector>

namespace xgrad::command {

struct RemoteFile {
  std::string name;
  std::uintmax_t bytes = 0;
  std::string sha256;  ///< 64 digits, lower case
};

struct RemoteData {
  std::string name;  ///< also of its folder in the cache
  std::vector<RemoteFile> files;
  /// Addresses of folders, with a slash at the end; or of the file itself, if there is only one.
  std::vector<std::string> mirrors;
  std::string use;  ///< how, if that is known: "train mnist --data"
};

/// MNIST, Fashion-MNIST and tinyshakespeare.
const std::vector<RemoteData>& known_remote_data();

/// Data sets of one's own: a file of JSON,
///   {"NAME": {"files": [{"name": ..., "bytes": ..., "sha256": ...}], "mirrors": ["http://..."]}}
/// Throws IoError naming the file and what is wrong in it.
std::vector<RemoteData> read_remote_data(const std::filesystem::path& path);

/// Where a mirror has the file.
std::string address_of(const RemoteFile& file, const std::string& mirror);

}  // namespace xgrad::command
