#pragma once
// One file from the network to the disk: checked, complete or not there at all, resumable.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tools/xgrad/remote_data.hpp"

namespace xgrad::command {

/// A signal came in the middle of a download.
class DownloadStopped : public std::exception {
 public:
  const char* what() const noexcept override { return "the download was stopped"; }
};

struct DownloadOptions {
  double pause =
      1;  ///< seconds before a second try that follows one without any progress; then doubled
  std::function<bool()> stop{};  ///< asked about ten times a second
};

/// Puts the file into the folder, which it makes if need be; returns the address that it came from,
/// or "" if it is there already. What arrives is kept in FILE.part and gone on with, by the next
/// try or the next call; the file gets its name when its size and SHA-256 are right. A mirror that
/// does not have it, or has another, is passed over with a warning. Throws IoError if no mirror is
/// left, saying what was wrong with each, or if the disk does not take it; DownloadStopped.
std::string download(const RemoteFile& file, const std::vector<std::string>& mirrors,
                     const std::filesystem::path& folder, const DownloadOptions& options);

}  // namespace xgrad::command
