#include <xgrad/core/buffer.hpp>
#include <xgrad/core/buffer_pool.hpp>

#include <cstring>
#include <new>

namespace xgrad {

thread_local const char* ActiveOp::current_ = "a direct write (Tensor::data or Tensor::array)";

Ref<Buffer> Buffer::create(std::size_t bytes) {
  static_assert(sizeof(Buffer) == 64);
  return Ref<Buffer>::adopt(new (pool_allocate(sizeof(Buffer) + bytes)) Buffer(bytes));
}

void Buffer::destroy(Buffer* buffer) noexcept {
  const std::size_t bytes = sizeof(Buffer) + buffer->bytes_;
  buffer->~Buffer();
  pool_free(buffer, bytes);
}

void Buffer::watch() {
  version();  // settles what an earlier pointer did
  if (!watched_) {
    watched_ = true;
    digest_ = digest();
  }
  pending_writer_ = ActiveOp::name();
}

std::uint64_t Buffer::version() {
  if (watched_) {
    if (const std::uint64_t now = digest(); now != digest_) {
      digest_ = now;
      last_writer_ = pending_writer_;
      ++version_;
    }
  }
  return version_;
}

// FNV-1a over 8-byte words. Buffers hold whole floats, so at most 4 bytes remain.
std::uint64_t Buffer::digest() const {
  constexpr std::uint64_t prime = 0x100000001b3;
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto* bytes = reinterpret_cast<const std::byte*>(this + 1);
  std::size_t i = 0;
  for (std::uint64_t word = 0; i + sizeof word <= bytes_; i += sizeof word) {
    std::memcpy(&word, bytes + i, sizeof word);
    hash = (hash ^ word) * prime;
    hash ^= hash >> 32;
  }
  std::uint64_t tail = 0;
  std::memcpy(&tail, bytes + i, bytes_ - i);
  return (hash ^ tail) * prime;
}

}  // namespace xgrad
