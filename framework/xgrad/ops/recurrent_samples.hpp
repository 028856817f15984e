#pragma once
// What the naive references of the recurrent layers need to know besides the inputs. Private.

#include <vector>

#include <xgrad/ops/recurrent.hpp>

namespace xgrad::samples {

/// The sampled output is everything a layer returns: output, h and (of an LSTM) c, joined along the
/// steps: [T + 1, B, H] or [T + 2, B, H].
struct RecurrentCase {
  RecurrentOptions options{};
  std::vector<std::int32_t> ids{};  ///< the input where x is absent
  Index steps = 0, batch = 0;       ///< of the ids
};

}  // namespace xgrad::samples
