#pragma once
// Numbers as they lie in files of other programs. Private.

#include <cstddef>
#include <cstdint>
#include <span>

namespace xgrad::io {

enum class NumberType { u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32, f64 };

std::size_t bytes_of(NumberType type);
bool is_integer(NumberType type);

/// Converts the numbers in `from` to `to`, rounding as static_cast does; there are as many as the
/// bytes of `from` give. Their alignment does not matter.
template <class T>
void read_numbers(std::span<const std::byte> from, NumberType type, bool big_endian, T* to);

/// The same for integers, to 32 bits. Returns null, or the first number that does not fit, in
/// `from`.
const std::byte* read_integers(std::span<const std::byte> from, NumberType type, bool big_endian,
                               std::int32_t* to);

}  // namespace xgrad::io
