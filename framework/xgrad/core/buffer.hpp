#pragma once
// The memory of a tensor, and the book-keeping that tells whether a value saved for the backward
// pass was written to in between.
//
// Buffer::version() counts the writes that changed something. While nobody has saved the buffer,
// handing out a mutable pointer costs nothing and counts nothing. Once it is saved, a mutable
// pointer may be used to read or to write, now or later; so the contents' digest is taken before
// the pointer goes out, and version() counts a write when the digest has changed. Reading through a
// mutable pointer is thus never mistaken for a write. Not seen: a write through a pointer that was
// taken before the buffer was saved.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <xgrad/core/ref.hpp>

namespace xgrad {

/// Names the op in progress on this thread, for error messages: whoever writes to a tensor or reads
/// its saved values in this scope ("conv2d", "SGD step"). Scopes nest; the name must outlive the
/// scope.
class ActiveOp {
 public:
  explicit ActiveOp(const char* name) : outer_(current_) { current_ = name; }
  ~ActiveOp() { current_ = outer_; }
  ActiveOp(const ActiveOp&) = delete;
  ActiveOp& operator=(const ActiveOp&) = delete;
  static const char* name() { return current_; }

 private:
  const char* outer_;
  static thread_local const char* current_;
};

/// A block of the pool: this header, then the data, 64-byte aligned.
class alignas(64) Buffer : public RefCounted {
 public:
  static Ref<Buffer> create(std::size_t bytes);
  static void destroy(Buffer* buffer) noexcept;

  void* data() { return this + 1; }
  std::size_t bytes() const { return bytes_; }

  /// To be called before a pointer that allows writing is handed out.
  void about_to_write() {
    if (saves_.load(std::memory_order_relaxed) != 0) watch();
  }

  /// Counts the observed writes.
  std::uint64_t version();
  /// Who was the last to ask for a mutable pointer before the version went up.
  const char* last_writer() const { return last_writer_; }

  /// A value saved for the backward pass refers to this buffer, from add_save to remove_save.
  void add_save() { saves_.fetch_add(1, std::memory_order_relaxed); }
  void remove_save() {
    if (saves_.fetch_sub(1, std::memory_order_relaxed) == 1) watched_ = false;
  }

 private:
  explicit Buffer(std::size_t bytes) : bytes_(bytes) {}
  void watch();
  std::uint64_t digest() const;

  std::size_t bytes_;
  std::atomic<std::int32_t> saves_{0};
  bool watched_ = false;
  std::uint64_t version_ = 0;
  std::uint64_t digest_ = 0;
  const char* pending_writer_ = nullptr;
  const char* last_writer_ = nullptr;
};

}  // namespace xgrad
