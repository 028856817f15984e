#include <xgrad/core/buffer_pool.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace xgrad {
namespace {

// A kept block is out of bounds for everybody, although the allocator still owns it.
void forbid([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  ASAN_POISON_MEMORY_REGION(block, bytes);
#endif
}

#if defined(NDEBUG)
std::atomic<int> poisoned{0};
#else
std::atomic<int> poisoned{1};
#endif

// Poisoned blocks are full of NaNs, so that a kernel that leaves a gap is seen.
void hand_out(void* block, std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
#endif
  if (poisoned.load(std::memory_order_relaxed) != 0) std::memset(block, 0xFF, bytes);
}

constexpr std::size_t alignment = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20;

// Four sizes per power of two, so that at most a fifth of a block is slack.
struct SizeClass {
  std::size_t index;
  std::size_t bytes;
};

SizeClass size_class(std::size_t bytes) {
  bytes = std::max(bytes, alignment);
  const auto log2 = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;  // 2^log2 < bytes
  const std::size_t step = std::max((std::size_t{1} << log2) / 4, alignment);
  const std::size_t rounded = (bytes + step - 1) / step * step;
  const std::size_t quarter = (rounded - (std::size_t{1} << log2)) / step;  // 1..4; 0 for 64 bytes
  return {log2 * 4 + quarter, rounded};
}

// Held for a few instructions at a time, several times for every node of a graph: a mutex would
// cost more than what it guards.
class SpinLock {
 public:
  void lock() {
    while (taken_.test_and_set(std::memory_order_acquire))
      if (taken_.test(std::memory_order_relaxed)) std::this_thread::yield();
  }
  void unlock() { taken_.clear(std::memory_order_release); }

 private:
  std::atomic_flag taken_;
};

class Pool {
 public:
  void* allocate(std::size_t wanted) {
    const auto [index, bytes] = size_class(wanted);
    {
      const std::lock_guard lock(mutex_);
      count_out(bytes);
      if (auto& blocks = free_.at(index); !blocks.empty()) {
        void* block = blocks.back();
        blocks.pop_back();
        hand_out(block, bytes);
        return block;
      }
    }
    void* block = from_system(bytes);
    if (block == nullptr) {  // perhaps what is kept for other sizes is what is missing
      release_cache();
      block = from_system(bytes);
    }
    const std::lock_guard lock(mutex_);
    if (block == nullptr) {
      counters_.live_bytes -= bytes;
      throw std::bad_alloc();
    }
    ++counters_.system_allocations;
    counters_.reserved_bytes += bytes;
    // A block that exists has a place to return to, so that free() never allocates.
    if (auto& blocks = free_.at(index); ++existing_.at(index) > blocks.capacity())
      blocks.reserve(2 * existing_.at(index));
    hand_out(block, bytes);
    return block;
  }

  void free(void* block, std::size_t wanted) noexcept {
    const auto [index, bytes] = size_class(wanted);
    const std::lock_guard lock(mutex_);
    counters_.live_bytes -= bytes;
    free_[index].push_back(block);
    forbid(block, bytes);
  }

  PoolCounters counters() {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

  void reset_peak() {
    const std::lock_guard lock(mutex_);
    counters_.peak_bytes = counters_.live_bytes;
  }

  void release_cache() {
    const std::lock_guard lock(mutex_);
    for (std::size_t index = 0; index < free_.size(); ++index) {
      for (void* block : free_[index]) {
        counters_.reserved_bytes -= class_bytes(index);
        --existing_[index];
        hand_out(block, class_bytes(index));
        std::free(block);
      }
      free_[index].clear();
    }
  }

 private:
  static std::size_t class_bytes(std::size_t index) {
    const std::size_t base = std::size_t{1} << (index / 4);
    return std::max(base + index % 4 * std::max(base / 4, alignment), alignment);
  }

  void count_out(std::size_t bytes) {
    ++counters_.requests;
    counters_.live_bytes += bytes;
    counters_.peak_bytes = std::max(counters_.peak_bytes, counters_.live_bytes);
  }

  // Large blocks start on a huge page: a first touch then costs one fault for 2 MiB, not 512.
  static void* from_system(std::size_t bytes) {
    const bool large = bytes >= huge_page;
    const std::size_t align = large ? huge_page : alignment;
    void* block = std::aligned_alloc(align, (bytes + align - 1) / align * align);
    if (large && block != nullptr) madvise(block, bytes, MADV_HUGEPAGE);
    return block;
  }

  SpinLock mutex_;
  PoolCounters counters_;
  std::array<std::vector<void*>, 64 * 4 + 1> free_;
  std::array<std::size_t, 64 * 4 + 1> existing_{};
};

// Never destroyed: tensors with static storage may return their memory after main has ended.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

}  // namespace

PoolCounters pool_counters() { return pool().counters(); }
void reset_pool_peak() { pool().reset_peak(); }
void release_pool_cache() { pool().release_cache(); }
PoisonedPool::PoisonedPool() { ++poisoned; }
PoisonedPool::~PoisonedPool() { --poisoned; }
void* pool_allocate(std::size_t bytes) { return pool().allocate(bytes); }
void pool_free(void* block, std::size_t bytes) noexcept { pool().free(block, bytes); }

}  // namespace xgrad
