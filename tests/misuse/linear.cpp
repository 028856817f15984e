#include <xgrad/ops/linear.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad;

Variable<float> zeros(const Shape& shape) { return Variable<float>(Tensor<float>(shape)); }

std::function<void()> calls_linear(const Shape& x, const Shape& w, const Shape& b) {
  return [=] { linear(zeros(x), zeros(w), zeros(b)); };
}

std::function<void()> calls_matmul(const Shape& a, const Shape& b) {
  return [=] { matmul(zeros(a), zeros(b)); };
}

}  // namespace

std::vector<Misuse> linear() {
  return {
      {"features of x and w differ",
       calls_linear({3, 5}, {4, 6}, {4}),
       Kind::shape,
       {"linear", "x", "[3, 5]", "w", "[4, 6]", "must agree"}},
      {"w is not a matrix",
       calls_linear({3, 5}, {5}, {5}),
       Kind::shape,
       {"linear", "w", "[5]", "[out, in]", "reshape"}},
      {"length of the bias",
       calls_linear({3, 5}, {4, 5}, {5}),
       Kind::shape,
       {"linear", "b", "[5]", "[4, 5]", "[4]"}},
      {"x is a scalar",
       calls_linear({}, {4, 1}, {4}),
       Kind::shape,
       {"linear", "x", "[]", "reshape"}},
      {"w is undefined",
       [] {
         xgrad::linear(zeros({3, 5}), Variable<float>());
       },
       Kind::value,
       {"linear", "w", "undefined"}},
      {"inner axes differ",
       calls_matmul({3, 5}, {4, 5}),
       Kind::shape,
       {"matmul", "a", "[3, 5]", "b", "[4, 5]", "permute"}},
      {"a vector", calls_matmul({3, 5}, {5}), Kind::shape, {"matmul", "[3, 5]", "[5]", "reshape"}},
      {"batches differ",
       calls_matmul({2, 3, 5}, {4, 5, 6}),
       Kind::shape,
       {"matmul", "[2, 3, 5]", "[4, 5, 6]", "reshape"}},
      {"ranks differ",
       calls_matmul({2, 3, 5}, {5, 6}),
       Kind::shape,
       {"matmul", "[2, 3, 5]", "[5, 6]", "must be the same"}},
      {"b is undefined",
       [] {
         xgrad::matmul(zeros({3, 5}), Variable<float>());
       },
       Kind::value,
       {"matmul", "b", "undefined"}},
  };
}

}  // namespace misuse
