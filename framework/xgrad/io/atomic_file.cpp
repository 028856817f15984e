#include <xgrad/core/error.hpp>
#include <xgrad/io/atomic_file.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace xgrad::io {
namespace {

constexpr const char* temporary_suffix = ".tmp";

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  // The process and a count tell apart all who may write the same file at the same time.
  static std::atomic<int> count{0};
  temporary_ = path_;
  temporary_ += fmt::format(".{}.{}{}", getpid(), count++, temporary_suffix);
  descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("create");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> data) {
  while (!data.empty()) {
    const ssize_t written = ::write(descriptor_, data.data(), data.size());
    if (written >= 0)
      data = data.subspan(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      fail("write");
  }
}

void AtomicFile::commit(const std::filesystem::path& previous) {
  if (fsync(descriptor_) != 0) fail("write");
  if (!previous.empty()) {
    unlink(previous.c_str());
    // Where there are no hard links, the name is gone for a moment.
    if (link(path_.c_str(), previous.c_str()) != 0 && errno != ENOENT &&
        std::rename(path_.c_str(), previous.c_str()) != 0)
      fail("keep the old one of");
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail("rename the finished file to");
  close(std::exchange(descriptor_, -1));
  // The name lies in the folder, which is a file of its own.
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) fail("open the folder of");
  const int synced = fsync(opened);
  const int reason = errno;
  close(opened);
  errno = reason;
  // Some file systems cannot sync folders, and say so with EINVAL.
  if (synced != 0 && errno != EINVAL) fail("sync the folder of");
}

void remove_temporary_files(const std::filesystem::path& folder) {
  // As they are named above: what.PROCESS.COUNT.tmp
  const auto is_number = [](const std::filesystem::path& extension) {
    const std::string& text = extension.native();
    return text.size() > 1 && text.find_first_not_of("0123456789", 1) == text.npos;
  };
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::filesystem::path counted = entry.path().stem(), of_process = counted.stem();
    if (entry.path().extension() == temporary_suffix && is_number(counted.extension()) &&
        is_number(of_process.extension()))
      std::filesystem::remove(entry.path(), error);
  }
}

void AtomicFile::fail(const char* action) const {
  throw IoError(
      fmt::format("{}: cannot {} it: {}: check that the folder exists, may be written to and "
                  "has space left",
                  path_.string(), action, std::generic_category().message(errno)));
}

}  // namespace xgrad::io
