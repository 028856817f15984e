#pragma once

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/ref.hpp>
#include <xgrad/core/shape.hpp>

namespace xgrad {

template <class T>
class Variable;

/// A result that its op has put off, because the op that takes it may be able to compute both at
/// once and need not write the value in between to memory: tanh(batch_norm(x)) waits for the
/// max-pool that usually follows. An op looks at Variable::pending() for what it knows; to
/// everybody else the variable is an ordinary one, for whoever asks for its value or its place in
/// the graph gets it computed first, once for all copies of the variable.
///
/// An op may put off only what nobody can tell from having been done at once: work on memory that
/// it alone holds, that cannot fail. The first to ask for the value makes it, without a lock: not from
/// two threads at once.
template <class T>
class Pending : public RefCounted {
 public:
  virtual ~Pending() = default;
  static void destroy(Pending* pending) noexcept { delete pending; }
  static void* operator new(std::size_t bytes) { return pool_allocate(bytes); }
  static void operator delete(void* pending, std::size_t bytes) { pool_free(pending, bytes); }

  const Shape& shape() const { return shape_; }
  /// The result after all. The second call returns the first one's.
  virtual Variable<T> result() = 0;

 protected:
  explicit Pending(const Shape& shape) : shape_(shape) {}

 private:
  Shape shape_;
};

}  // namespace xgrad
