#include <algorithm>
#include <cmath>

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/dropout.hpp>
#include <xgrad/kernels/simd/dropout.hpp>
#include <xgrad/kernels/simd/level.hpp>

namespace xgrad::kernels {

void dropout_mask(const RandomStream& random, std::uint64_t first_block, double p,
                  PoolArray<std::uint8_t>& keep) {
  constexpr Index elements_per_chunk = 1 << 12;
  static const KeepMaskLoop loop =
      at_simd_level([]<class Level>() { return keep_mask_loop<Level>(); });
  // The largest threshold drops all but one of 2^32.
  const auto threshold = static_cast<std::uint32_t>(std::min(std::round(p * 0x1p32), 0x1p32 - 1));
  std::uint8_t* const out = keep.data();
  parallel_for(keep.size(), elements_per_chunk, [&](Index begin, Index end) {
    const std::uint64_t block = first_block + static_cast<std::uint64_t>(begin / 4);
    loop(random.key(), block, threshold, out + begin, end - begin);
  });
}

template <class T>
void dropout(const Tensor<T>& x, const PoolArray<std::uint8_t>& keep, T scale, Tensor<T>& y) {
  constexpr Index elements_per_chunk = 1 << 14;
  const T* const in = x.data();
  const std::uint8_t* const mask = keep.data();
  T* const out = y.data();
  parallel_for(x.size(), elements_per_chunk, [=](Index begin, Index end) {
// A product and no choice: branches on random bits cost several times as much.
#pragma GCC ivdep
    for (Index i = begin; i < end; ++i) out[i] = in[i] * (static_cast<T>(mask[i]) * scale);
  });
}

template void dropout(const Tensor<float>&, const PoolArray<std::uint8_t>&, float, Tensor<float>&);
template void dropout(const Tensor<double>&, const PoolArray<std::uint8_t>&, double,
                      Tensor<double>&);

}  // namespace xgrad::kernels
