#pragma once

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/variable.hpp>
#include <xgrad/core/random.hpp>

namespace xgrad {

inline constexpr OpInfo dropout_op{"dropout", "x",
                                   "y = m x / (1 - p), m = 0 with probability p, else 1\n"
                                   "dx = dy m / (1 - p)"};

/// In training, sets each element to zero with probability `p` and scales the others by 1 / (1 -
/// p); else returns x. Shape: that of x. Srivastava et al., "Dropout", JMLR 2014.
///
/// Element i is kept by number i of what `random` draws from here on (from the next multiple of
/// four), so the mask is the same for float and double and for any number of threads. Throws
/// ValueError unless 0 <= p < 1.
template <class T>
Variable<T> dropout(Variable<T> x, double p, bool training,
                    RandomStream& random = random_stream(RandomPurpose::dropout));

}  // namespace xgrad
