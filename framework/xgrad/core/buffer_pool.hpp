#pragma once
// All memory of tensors, graph nodes and kernel scratch comes from one pool: freed blocks are kept
// by size and handed out again, so a training step that repeats its shapes allocates nothing.

#include <cstddef>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace xgrad {

/// What the pool has done so far. Bytes count whole blocks as handed out.
struct PoolCounters {
  std::size_t live_bytes = 0;          ///< handed out now
  std::size_t peak_bytes = 0;          ///< the most that was ever handed out at once
  std::size_t reserved_bytes = 0;      ///< taken from the system: handed out or kept for reuse
  std::size_t requests = 0;            ///< blocks handed out, ever
  std::size_t system_allocations = 0;  ///< of these, how many had to come from the system
};

PoolCounters pool_counters();

/// Starts a new peak: `peak_bytes` becomes `live_bytes`.
void reset_pool_peak();

/// Gives the blocks that are not handed out back to the system.
void release_pool_cache();

/// A block of at least `bytes` bytes, aligned to 64, contents unspecified. Thread-safe.
/// Throws std::bad_alloc.
void* pool_allocate(std::size_t bytes);

/// Takes back a block got by pool_allocate(bytes), with the same `bytes`.
void pool_free(void* block, std::size_t bytes) noexcept;

/// While one lives, the pool hands out memory full of NaNs, so that what is read before it was written
/// shows. In debug builds it always does. For checks; it costs a pass over every block.
class PoisonedPool {
 public:
  PoisonedPool();
  ~PoisonedPool();
  PoisonedPool(const PoisonedPool&) = delete;
  PoisonedPool& operator=(const PoisonedPool&) = delete;
};

/// A run of plain values from the pool, for kernel scratch, masks and indices. Contents unspecified
/// at first; move-only.
template <class U>
class PoolArray {
  static_assert(std::is_trivially_copyable_v<U>);

 public:
  PoolArray() = default;
  explicit PoolArray(std::ptrdiff_t size)
      : size_(static_cast<std::size_t>(size)),
        data_(size_ == 0 ? nullptr : static_cast<U*>(pool_allocate(size_ * sizeof(U)))) {}
  PoolArray(PoolArray&& other) noexcept
      : size_(std::exchange(other.size_, 0)), data_(std::exchange(other.data_, nullptr)) {}
  PoolArray& operator=(PoolArray&& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~PoolArray() {
    if (data_ != nullptr) pool_free(data_, size_ * sizeof(U));
  }

  U* data() { return data_; }
  const U* data() const { return data_; }
  std::ptrdiff_t size() const { return static_cast<std::ptrdiff_t>(size_); }
  std::span<U> span() { return {data_, size_}; }

 private:
  std::size_t size_ = 0;
  U* data_ = nullptr;
};

}  // namespace xgrad
