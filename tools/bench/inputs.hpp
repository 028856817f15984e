#pragma once
// Weights and data that two frameworks can agree on without a file: every value is a hash of the
// tensor's name and the element's number, in PyTorch's layout. Knows neither framework.

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bench {

/// Steps after which the losses of both frameworks are compared.
inline constexpr int compared_steps = 20;
inline constexpr std::int32_t vocabulary = 65;

/// 32 well mixed bits of element `i` of the tensor `name`.
inline std::uint32_t hash(std::string_view name, std::uint64_t i) {
  std::uint64_t bits = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : name) bits = (bits ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  bits += (i + 1) * 0x9e3779b97f4a7c15;  // SplitMix64 (Steele, Lea and Flood, 2014)
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return static_cast<std::uint32_t>((bits ^ (bits >> 31)) >> 32);
}

/// A multiple of 2^-15 in [-1, 1), exact in float.
inline float uniform(std::string_view name, std::uint64_t i) {
  return static_cast<float>(hash(name, i) >> 16) / 32768.0F - 1.0F;
}

/// `count` inputs in [-1, 1).
inline std::vector<float> values(std::string_view name, std::int64_t count) {
  std::vector<float> result(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = uniform(name, i);
  return result;
}

/// `count` numbers from 0 to `classes` - 1.
template <class Int = std::int32_t>
std::vector<Int> classes(std::string_view name, std::int64_t count, std::int32_t number) {
  std::vector<Int> result(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<Int>(hash(name, i) % static_cast<std::uint32_t>(number));
  return result;
}

/// Writes the initial values of a parameter: matrices and kernels uniform within 1/sqrt(inputs),
/// factors of a batch norm about 1, other vectors about 0. `rows` is the first extent, `rank` the
/// number of axes.
inline void fill_parameter(std::string_view name, int rank, std::int64_t rows, std::int64_t size,
                           float* out) {
  const bool is_factor = rank == 1 && name.ends_with(".weight");
  const float bound = rank > 1    ? 1.0F / std::sqrt(static_cast<float>(size / rows))
                      : is_factor ? 0.25F
                                  : 0.1F;
  for (std::int64_t i = 0; i < size; ++i)
    out[i] = (is_factor ? 1.0F : 0.0F) + bound * uniform(name, static_cast<std::uint64_t>(i));
}

}  // namespace bench
