#include <xgrad/core/error.hpp>
#include <xgrad/core/tensor.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace xgrad {

template <class T>
Tensor<T> Tensor<T>::empty(const Shape& shape) {
  const Index size = shape.elements();
  if (size > std::numeric_limits<Index>::max() / 64)
    throw ShapeError(
        fmt::format("shape {} has more elements than memory can address", shape.to_string()));
  Ref<Buffer> buffer = Buffer::create(static_cast<std::size_t>(size) * sizeof(T));
  T* const data = static_cast<T*>(buffer->data());
  return Tensor(std::move(buffer), data, shape, size);
}

template <class T>
Tensor<T>::Tensor(const Shape& shape) : Tensor(empty(shape)) {
  std::fill_n(data_, size_, T(0));
}

template <class T>
Tensor<T> Tensor<T>::full(const Shape& shape, T value) {
  Tensor result = empty(shape);
  std::fill_n(result.data_, result.size_, value);
  return result;
}

template <class T>
Tensor<T> Tensor<T>::from(std::span<const T> values, const Shape& shape) {
  if (static_cast<Index>(values.size()) != shape.elements())
    throw ShapeError(
        fmt::format("Tensor::from: {} values for shape {}, which holds {}: give one "
                    "value per element",
                    values.size(), shape.to_string(), shape.elements()));
  Tensor result = empty(shape);
  std::copy(values.begin(), values.end(), result.data_);
  return result;
}

template <class T>
T Tensor<T>::item() const {
  if (size_ != 1)
    throw ShapeError(
        fmt::format("item() needs exactly one element, this tensor has shape {}: "
                    "reduce it first, with sum or mean",
                    shape_.to_string()));
  return *data_;
}

template <class T>
Tensor<T> Tensor<T>::clone() const {
  if (!defined()) return {};
  Tensor result = empty(shape_);
  std::copy_n(data_, size_, result.data_);
  return result;
}

template <class T>
Tensor<T> Tensor<T>::reshape(const Shape& shape) const {
  Shape wanted = shape;
  Index known = 1;
  int free_axis = -1;
  bool valid = true;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] != -1) {
      valid &= shape[axis] >= 0;
      known *= shape[axis];
    } else {
      valid &= free_axis == -1;
      free_axis = axis;
    }
  }
  if (valid && free_axis != -1 && known > 0) wanted = shape.with(free_axis, size_ / known);
  if (!valid || (free_axis != -1 && known == 0) || wanted.elements() != size_)
    throw ShapeError(
        fmt::format("reshape: {} ({} elements) cannot become {}: the number of elements "
                    "must stay; one extent may be -1",
                    shape_.to_string(), size_, shape.to_string()));
  return Tensor(buffer_, data_, wanted, size_);
}

template <class T>
Tensor<T> Tensor<T>::slice(Index begin, Index end) const {
  if (shape_.rank() == 0 || begin < 0 || end < begin || end > shape_[0])
    throw ShapeError(fmt::format("slice {}:{} is outside the leading axis of shape {}", begin, end,
                                 shape_.to_string()));
  const Index row = shape_[0] == 0 ? 0 : size_ / shape_[0];
  return Tensor(buffer_, data_ + begin * row, shape_.with(0, end - begin), (end - begin) * row);
}

template <class T>
Tensor<T> Tensor<T>::operator[](Index i) const {
  const Index rows = shape_.rank() == 0 ? 0 : shape_[0];
  const Index from_front = i < 0 ? i + rows : i;
  if (from_front < 0 || from_front >= rows)
    throw ShapeError(
        fmt::format("index {} is outside the leading axis of shape {}", i, shape_.to_string()));
  const Index row = size_ / rows;
  return Tensor(buffer_, data_ + from_front * row, shape_.without(0), row);
}

template <class T>
void Tensor<T>::fill(T value) {
  std::fill_n(data(), size_, value);
}

template <class T>
void Tensor<T>::copy_from(const Tensor& other) {
  if (other.shape_ != shape_)
    throw ShapeError(
        fmt::format("copy_from: a tensor of shape {} cannot take the elements of one of "
                    "shape {}: reshape one of them",
                    shape_.to_string(), other.shape_.to_string()));
  std::copy_n(other.data_, size_, data());
}

namespace {

template <class T>
void append(std::string& out, const T* data, std::span<const Index> extents, Index& left) {
  if (extents.empty()) {
    fmt::format_to(std::back_inserter(out), "{:.6g}", *data);
    --left;
    return;
  }
  Index row = 1;
  for (Index extent : extents.subspan(1)) row *= extent;
  out += '[';
  for (Index i = 0; i < extents[0]; ++i) {
    if (i > 0) out += ", ";
    if (left <= 0) {
      out += "...";
      break;
    }
    append(out, data + i * row, extents.subspan(1), left);
  }
  out += ']';
}

}  // namespace

template <class T>
std::string to_string(const Tensor<T>& tensor, Index max_elements) {
  if (!tensor.defined()) return "undefined";
  std::string out;
  append(out, tensor.data(), std::span(tensor.shape().begin(), tensor.shape().size()),
         max_elements);
  return out;
}

template class Tensor<float>;
template class Tensor<double>;
template std::string to_string(const Tensor<float>&, Index);
template std::string to_string(const Tensor<double>&, Index);

}  // namespace xgrad
