#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/dropout.hpp>
#include <xgrad/ops/check_defined.hpp>
#include <xgrad/ops/dropout.hpp>

#include <fmt/format.h>

namespace xgrad {

// y = m x / (1 - p); dx = dy m / (1 - p). Saves the mask m, a byte per element.
template <class T>
Variable<T> dropout(Variable<T> x, double p, bool training, RandomStream& random) {
  check_defined(dropout_op, x);
  if (!(p >= 0 && p < 1))
    throw ValueError(
        fmt::format("dropout: p = {} is no probability of zeroing an element: choose "
                    "0 <= p < 1",
                    p));
  if (!training || p == 0) return x;
  PoolArray<std::uint8_t> keep(x.size());
  const Index blocks = (x.size() + 3) / 4;
  const std::uint64_t first = random.reserve_blocks(static_cast<std::uint64_t>(blocks));
  kernels::dropout_mask(random, first, p, keep);
  const T scale = static_cast<T>(1 / (1 - p));
  Tensor<T> y = x.reuse();
  kernels::dropout(x.value(), keep, scale, y);
  return record(dropout_op, {x}, std::move(y), [keep = std::move(keep), scale](Backward<T>& b) {
    kernels::dropout(b.dy(), keep, scale, b.dx_in_place_of_dy(0));
  });
}

template Variable<float> dropout(Variable<float>, double, bool, RandomStream&);
template Variable<double> dropout(Variable<double>, double, bool, RandomStream&);

}  // namespace xgrad
