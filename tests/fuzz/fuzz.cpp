#include "fuzz.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <system_error>

#if defined(__SANITIZE_ADDRESS__)
#define XGRAD_COUNTS_MEMORY
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XGRAD_COUNTS_MEMORY
#endif
#endif
#ifdef XGRAD_COUNTS_MEMORY
// As sanitizer/allocator_interface.h has it, which comes with Clang only.
extern "C" std::size_t __sanitizer_get_allocated_size(const volatile void* memory);
extern "C" int __sanitizer_install_malloc_and_free_hooks(
    void (*allocation)(const volatile void*, std::size_t), void (*release)(const volatile void*));
#endif

namespace xgrad::fuzz {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* action) {
  throw std::system_error(errno, std::generic_category(), action);
}

std::atomic<std::int64_t> allocated{0}, most_allocated{0};

#ifdef XGRAD_COUNTS_MEMORY
void count_allocation(const volatile void*, std::size_t bytes) {
  const std::int64_t now = allocated += static_cast<std::int64_t>(bytes);
  if (now > most_allocated) most_allocated = now;
}
void count_release(const volatile void* memory) {
  if (memory != nullptr)
    allocated -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(memory));
}
void count_memory() {
  static const bool counts =
      __sanitizer_install_malloc_and_free_hooks(count_allocation, count_release) != 0;
  require(counts, "the sanitizer takes no more hooks of its allocator");
}
#else
void count_memory() {}
#endif

std::int64_t limit = 0;

}  // namespace

MemoryFile::MemoryFile() : descriptor_(memfd_create("xgrad fuzz", MFD_CLOEXEC)) {
  if (descriptor_ < 0) fail("memfd_create");
}

MemoryFile::~MemoryFile() { close(descriptor_); }

void MemoryFile::write(Bytes bytes) const {
  if (ftruncate(descriptor_, 0) != 0) fail("ftruncate");
  if (pwrite(descriptor_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    fail("pwrite");
}

fs::path MemoryFile::path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

MemoryFolder::MemoryFolder() {
  std::string name = "/dev/shm/xgrad-fuzz-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) fail("mkdtemp");
  path_ = name;
}

MemoryFolder::~MemoryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void MemoryFolder::link(const fs::path& name, const MemoryFile& file) const {
  fs::create_directories((path_ / name).parent_path());
  fs::create_symlink(file.path(), path_ / name);
}

std::size_t elements(std::span<const Index> extents) {
  std::size_t product = 1;
  for (const Index extent : extents)
    if (extent == 0) return 0;
  for (const Index extent : extents)
    if (__builtin_mul_overflow(product, static_cast<std::size_t>(extent), &product))
      return std::numeric_limits<std::size_t>::max();
  return product;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "FINDING: %s\n", what);
  std::abort();
}

MemoryLimit::MemoryLimit(std::size_t bytes) {
  count_memory();
  most_allocated = allocated.load();
  limit = allocated + static_cast<std::int64_t>(bytes);
}

MemoryLimit::~MemoryLimit() {
  require(most_allocated <= limit, "more memory was taken than the size of the input allows");
}

}  // namespace xgrad::fuzz
