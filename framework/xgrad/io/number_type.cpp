#include <xgrad/io/number_type.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstring>
#include <utility>

namespace xgrad::io {
namespace {

static_assert(std::endian::native == std::endian::little,
              "numbers are copied as they lie in memory");

// IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction.
struct Float16 {
  std::uint16_t bits;
  operator float() const {
    const int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    const std::uint32_t sign = std::uint32_t{bits} >> 15 << 31;
    if (exponent == 0) {  // zero, or a denormal: fraction * 2^-24, which float has as a normal one
      const float value = std::ldexp(static_cast<float>(fraction), -24);
      return sign ? -value : value;
    }
    const int wide_exponent = exponent == 0x1f ? 0xff : exponent - 15 + 127;
    return std::bit_cast<float>(sign | static_cast<std::uint32_t>(wide_exponent) << 23 |
                                static_cast<std::uint32_t>(fraction) << 13);
  }
};

// The upper half of a float.
struct BFloat16 {
  std::uint16_t bits;
  operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
};

template <class From>
From number_at(const std::byte* at, bool big_endian) {
  std::array<std::byte, sizeof(From)> bytes;
  std::memcpy(bytes.data(), at, sizeof(From));
  if (big_endian) std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<From>(bytes);
}

// Calls f with a number of the C++ type that a NumberType stands for.
template <class F>
auto with_type(NumberType type, F f) {
  switch (type) {
    case NumberType::u8:
      return f(std::uint8_t{});
    case NumberType::i8:
      return f(std::int8_t{});
    case NumberType::u16:
      return f(std::uint16_t{});
    case NumberType::i16:
      return f(std::int16_t{});
    case NumberType::u32:
      return f(std::uint32_t{});
    case NumberType::i32:
      return f(std::int32_t{});
    case NumberType::u64:
      return f(std::uint64_t{});
    case NumberType::i64:
      return f(std::int64_t{});
    case NumberType::f16:
      return f(Float16{});
    case NumberType::bf16:
      return f(BFloat16{});
    case NumberType::f32:
      return f(float{});
    case NumberType::f64:
      break;
  }
  return f(double{});
}

}  // namespace

std::size_t bytes_of(NumberType type) {
  return with_type(type, [](auto number) { return sizeof(number); });
}

bool is_integer(NumberType type) {
  return with_type(type, [](auto number) { return std::integral<decltype(number)>; });
}

template <class T>
void read_numbers(std::span<const std::byte> from, NumberType type, bool big_endian, T* to) {
  with_type(type, [&]<class From>(From) {
    if (std::is_same_v<From, T> && !big_endian) {
      if (!from.empty()) std::memcpy(to, from.data(), from.size());
      return;
    }
    for (std::size_t at = 0; at < from.size(); at += sizeof(From))
      *to++ = static_cast<T>(number_at<From>(from.data() + at, big_endian));
  });
}

const std::byte* read_integers(std::span<const std::byte> from, NumberType type, bool big_endian,
                               std::int32_t* to) {
  return with_type(type, [&]<class From>(From) -> const std::byte* {
    if constexpr (std::integral<From>)
      for (std::size_t at = 0; at < from.size(); at += sizeof(From)) {
        const From value = number_at<From>(from.data() + at, big_endian);
        if (!std::in_range<std::int32_t>(value)) return from.data() + at;
        *to++ = static_cast<std::int32_t>(value);
      }
    return nullptr;
  });
}

template void read_numbers(std::span<const std::byte>, NumberType, bool, float*);
template void read_numbers(std::span<const std::byte>, NumberType, bool, double*);

}  // namespace xgrad::io
