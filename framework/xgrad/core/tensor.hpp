#pragma once

#include <span>
#include <string>
#include <vector>

#include <xgrad/core/buffer.hpp>
#include <xgrad/core/shape.hpp>

namespace xt {
template <class D>
class xexpression;
}

namespace xgrad {

/// A dense array of float or double: a shape over a shared, 64-byte-aligned, contiguous row-major
/// buffer. Copies share the buffer (as in PyTorch); clone() duplicates it. There are no strides: a
/// reshape and a slice of the leading axis share memory, everything else is a new tensor.
///
/// A tensor *is* xtensor at the edge: it is constructible from any xtensor expression, and array()
/// is an xtensor adaptor over its memory. Both need <xgrad/core/xtensor.hpp> (in
/// <xgrad/xgrad.hpp>).
///
/// Handles may be copied and destroyed from any thread; element access is as safe as for an array.
template <class T = float>
class Tensor {
 public:
  using value_type = T;

  /// No tensor at all: defined() is false and only assignment is legal.
  Tensor() = default;

  /// Zeros. Throws ShapeError on a negative extent.
  explicit Tensor(const Shape& shape);

  /// A copy of an xtensor expression, converted to T.
  template <class E>
  Tensor(const xt::xexpression<E>& expression);

  /// Contents unspecified (NaN in debug builds): for outputs that are written in full.
  static Tensor empty(const Shape& shape);
  static Tensor full(const Shape& shape, T value);
  /// `values` in row-major order. Throws ShapeError if their number is not that of the shape.
  static Tensor from(std::span<const T> values, const Shape& shape);
  static Tensor from(std::initializer_list<T> values, const Shape& shape) {
    return from(std::span<const T>(values.begin(), values.size()), shape);
  }

  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) noexcept = default;
  // Only a named tensor can be assigned to: `variable.value() = t` would change nothing.
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & noexcept = default;
  ~Tensor() = default;

  bool defined() const { return static_cast<bool>(buffer_); }
  const Shape& shape() const { return shape_; }
  /// Extent of one axis; negative axes count from the end.
  Index shape(int axis) const { return shape_[axis]; }
  /// Number of elements.
  Index size() const { return size_; }

  /// The elements in row-major order. The mutable form counts as a write if the contents change
  /// while a graph has them saved (see buffer.hpp).
  const T* data() const { return data_; }
  T* data() {
    if (buffer_) buffer_->about_to_write();
    return data_;
  }
  std::span<const T> values() const { return {data_, static_cast<std::size_t>(size_)}; }
  std::span<T> values() { return {data(), static_cast<std::size_t>(size_)}; }

  /// An xtensor adaptor over this memory, no copy. It must not outlive the tensor. (Templates, so
  /// that they are left out of the library's explicit instantiation, which knows no xtensor.)
  template <class = void>
  auto array() const;
  template <class = void>
  auto array();

  /// The only element. Throws ShapeError if there is not exactly one.
  T item() const;

  /// A deep copy.
  Tensor clone() const;
  /// The same memory under another shape; one extent may be -1. Throws ShapeError.
  Tensor reshape(const Shape& shape) const;
  /// Rows begin..end-1 of the leading axis, sharing memory. Throws ShapeError outside the axis.
  Tensor slice(Index begin, Index end) const;
  /// Row `i` of the leading axis, without that axis, sharing memory; negative counts from the end.
  Tensor operator[](Index i) const;

  void fill(T value);
  /// Copies the elements of a tensor of the same shape into this memory. Throws ShapeError.
  void copy_from(const Tensor& other);

  /// No other handle shares the memory, so it may be reused.
  bool unique() const { return buffer_.unique(); }
  /// The memory behind the elements; shared by copies, reshapes and slices.
  const Ref<Buffer>& buffer() const { return buffer_; }

 private:
  Tensor(Ref<Buffer> buffer, T* data, const Shape& shape, Index size)
      : buffer_(std::move(buffer)), data_(data), shape_(shape), size_(size) {}

  Ref<Buffer> buffer_;
  T* data_ = nullptr;
  Shape shape_{0};
  Index size_ = 0;
};

/// The tensor as NumPy prints it, at most `max_elements` of it.
template <class T>
std::string to_string(const Tensor<T>& tensor, Index max_elements = 64);

extern template class Tensor<float>;
extern template class Tensor<double>;

}  // namespace xgrad
