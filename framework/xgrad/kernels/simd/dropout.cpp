#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/dropout.hpp>

namespace xgrad::kernels {
namespace {

constexpr Index lanes = 32;

// Philox4x32-10, as in core/random.cpp, for `lanes` consecutive blocks: out[k] holds value k of
// each.
template <class L>
void philox(std::uint64_t key, std::uint64_t first_block, std::uint32_t (&out)[4][lanes]) {
  auto& [c0, c1, c2, c3] = out;
  for (Index j = 0; j < lanes; ++j) {
    const std::uint64_t block = first_block + static_cast<std::uint64_t>(j);
    c0[j] = static_cast<std::uint32_t>(block);
    c1[j] = static_cast<std::uint32_t>(block >> 32);
    c2[j] = c3[j] = 0;
  }
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    for (Index j = 0; j < lanes; ++j) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c0[j];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c2[j];
      c0[j] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[j] ^ k0;
      c1[j] = static_cast<std::uint32_t>(p1);
      c2[j] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[j] ^ k1;
      c3[j] = static_cast<std::uint32_t>(p0);
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

template <class L>
void keep_mask(std::uint64_t key, std::uint64_t first_block, std::uint32_t threshold,
               std::uint8_t* keep, Index n) {
  std::uint32_t values[4][lanes];
  for (Index i = 0; i < n; i += 4 * lanes, first_block += lanes) {
    philox<L>(key, first_block, values);
    if (n - i >= 4 * lanes) {
      for (Index j = 0; j < lanes; ++j)
        for (Index k = 0; k < 4; ++k) keep[i + 4 * j + k] = values[k][j] >= threshold;
    } else {
      for (Index j = 0; i + j < n; ++j) keep[i + j] = values[j % 4][j / 4] >= threshold;
    }
  }
}

}  // namespace

template <class L>
KeepMaskLoop keep_mask_loop() {
  return keep_mask<L>;
}

template KeepMaskLoop keep_mask_loop<Level>();

}  // namespace xgrad::kernels
