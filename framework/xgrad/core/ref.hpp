#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace xgrad {

/// Counts the owners of an object that is held by `Ref`. The class that derives from it says in
/// `static void destroy(Object*)` how the object ends; that is what lets a graph of any depth be
/// torn down without recursion, and a buffer be one block of memory with its header.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

 private:
  template <class>
  friend class Ref;
  std::atomic<std::uint32_t> owners_{1};
};

/// Shared ownership of a RefCounted object: a shared_ptr of one word. Thread-safe as shared_ptr is.
template <class Object>
class Ref {
 public:
  constexpr Ref() = default;
  constexpr Ref(std::nullptr_t) {}
  /// Takes over the one owner that a new object starts with.
  static Ref adopt(Object* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  Ref(const Ref& other) : object_(other.object_) {
    if (object_ != nullptr) object_->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr && object_->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      Object::destroy(object_);
  }

  Object* get() const { return object_; }
  Object* operator->() const { return object_; }
  Object& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

  /// This is the only owner.
  bool unique() const {
    return owners() == 1;
  }
  /// How many own the object, this one included; 0 for none.
  std::uint32_t owners() const {
    return object_ == nullptr ? 0 : object_->owners_.load(std::memory_order_acquire);
  }

 private:
  Object* object_ = nullptr;
};

}  // namespace xgrad
