#include "tools/xgrad/part_file.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <new>
#include <system_error>

#include <fmt/format.h>

#include <xgrad/core/error.hpp>

namespace xgrad::command {

namespace fs = std::filesystem;

std::string sha256_of(const fs::path& path) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
  if (!hash || EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  std::ifstream file(path, std::ios::binary);
  std::array<char, 1 << 16> buffer;
  while (file) {
    file.read(buffer.data(), buffer.size());
    EVP_DigestUpdate(hash.get(), buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof())
    throw IoError(fmt::format("{}: cannot be read: check its permissions", path.string()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_DigestFinal_ex(hash.get(), digest.data(), &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

PartFile::PartFile(const fs::path& path) : path_(path), part_(path.string() + ".part") {
  descriptor_ = open(part_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(errno);
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    close(descriptor_);
    throw IoError(fmt::format("{}: another xgrad fetches it now: wait for it", part_.string()));
  }
  // Whoever had it until now may have given it its name.
  struct stat ours {
  }, there{};
  if (fstat(descriptor_, &ours) != 0 || stat(part_.c_str(), &there) != 0 ||
      ours.st_ino != there.st_ino) {
    close(descriptor_);
    throw IoError(fmt::format("{}: another xgrad just fetched it: ask again", part_.string()));
  }
  bytes_ = static_cast<std::uintmax_t>(ours.st_size);
}

PartFile::~PartFile() {
  // An empty one is of no use to the next.
  if (bytes_ == 0) unlink(part_.c_str());
  close(descriptor_);
}

void PartFile::fail(int error) const {
  throw IoError(fmt::format(
      "{}: cannot be written ({}): check the folder, its permissions and free space, or choose "
      "another cache with XDG_CACHE_HOME",
      part_.string(), std::generic_category().message(error)));
}

void PartFile::append(std::span<const char> data) {
  while (!data.empty()) {
    const ssize_t written = write(descriptor_, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes_ += static_cast<std::uintmax_t>(written);
    data = data.subspan(static_cast<std::size_t>(written));
  }
}

void PartFile::clear() {
  if (ftruncate(descriptor_, 0) != 0) fail(errno);
  bytes_ = 0;
}

void PartFile::publish() {
  if (fsync(descriptor_) != 0) fail(errno);
  if (rename(part_.c_str(), path_.c_str()) != 0) fail(errno);
}

}  // namespace xgrad::command
