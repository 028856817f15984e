#pragma once

#include <utility>

#include <xgrad/core/tensor.hpp>

namespace xgrad {

/// A value that a backward function needs. It holds a tensor, never a variable, so a graph has no
/// cycles; and it remembers the version of the tensor's buffer, so that a write between forward and
/// backward is an error, never a wrong gradient.
template <class T>
class Saved {
 public:
  Saved() = default;
  explicit Saved(Tensor<T> tensor) : tensor_(std::move(tensor)) {
    if (!tensor_.defined()) return;
    tensor_.buffer()->add_save();
    version_ = tensor_.buffer()->version();
  }
  Saved(const Saved& other) : Saved(other.tensor_) { version_ = other.version_; }
  Saved(Saved&& other) noexcept
      : tensor_(std::exchange(other.tensor_, {})), version_(other.version_) {}
  Saved& operator=(Saved other) noexcept {
    std::swap(tensor_, other.tensor_);
    std::swap(version_, other.version_);
    return *this;
  }
  ~Saved() {
    if (tensor_.defined()) tensor_.buffer()->remove_save();
  }

  /// The value as it was saved. Throws GraphError naming the op that saved it and the one that wrote
  /// to it, if its memory has been written to since.
  const Tensor<T>& get() const;

 private:
  Tensor<T> tensor_;
  std::uint64_t version_ = 0;
};

extern template class Saved<float>;
extern template class Saved<double>;

}  // namespace xgrad
