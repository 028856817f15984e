#include <xgrad/autograd/saved.hpp>
#include <xgrad/core/error.hpp>

#include <fmt/format.h>

namespace xgrad {

template <class T>
const Tensor<T>& Saved<T>::get() const {
  if (tensor_.defined() && tensor_.buffer()->version() != version_)
    throw GraphError(fmt::format(
        "{} saved a value of shape {} for its backward pass, and {} wrote to it since: call "
        "backward() first, or write to a clone()",
        ActiveOp::name(), tensor_.shape().to_string(), tensor_.buffer()->last_writer()));
  return tensor_;
}

template class Saved<float>;
template class Saved<double>;

}  // namespace xgrad
