#include <algorithm>
#include <cmath>

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/dropout.hpp>

namespace xgrad::kernels {

void dropout_mask(const RandomStream& random, std::uint64_t first_block, double p,
                  PoolArray<std::uint8_t>& keep) {
  constexpr Index blocks_per_chunk = 1 << 10;
  const auto threshold = static_cast<std::uint64_t>(std::llround(p * 0x1p32));
  const Index n = keep.size();
  std::uint8_t* const out = keep.data();
  parallel_for((n + 3) / 4, blocks_per_chunk, [&](Index begin, Index end) {
    for (Index block = begin; block < end; ++block) {
      const auto values = random.block(first_block + static_cast<std::uint64_t>(block));
      const Index first = 4 * block;
      for (Index k = 0; k < std::min<Index>(4, n - first); ++k)
        out[first + k] = values[static_cast<std::size_t>(k)] >= threshold;
    }
  });
}

template <class T>
void dropout(const Tensor<T>& x, const PoolArray<std::uint8_t>& keep, T scale, Tensor<T>& y) {
  constexpr Index elements_per_chunk = 1 << 14;
  const T* const in = x.data();
  const std::uint8_t* const mask = keep.data();
  T* const out = y.data();
  parallel_for(x.size(), elements_per_chunk, [=](Index begin, Index end) {
#pragma GCC ivdep
    for (Index i = begin; i < end; ++i) out[i] = mask[i] != 0 ? in[i] * scale : T(0);
  });
}

template void dropout(const Tensor<float>&, const PoolArray<std::uint8_t>&, float, Tensor<float>&);
template void dropout(const Tensor<double>&, const PoolArray<std::uint8_t>&, double,
                      Tensor<double>&);

}  // namespace xgrad::kernels
