#pragma once
// The header of a .npy file, and the numbers behind it: what npy.hpp and npz.hpp share. Private.

#include <cstddef>
#include <span>
#include <string>

#include <xgrad/io/npy.hpp>
#include <xgrad/io/number_type.hpp>

namespace xgrad::io {

struct NpyHeader {
  NumberType type = NumberType::f64;
  std::string descr{};  ///< how the file calls the type
  bool big_endian = false;
  bool fortran_order = false;
  Shape shape{};
  std::size_t header_bytes = 0;  ///< with all that stands before the data
  std::size_t data_bytes = 0;
};

/// No header of an array of numbers is longer; NumPy's have 128 bytes.
constexpr std::size_t max_npy_header_bytes = 12 + 0xffff;

/// Reads and checks the header at the beginning of an array of `total_bytes`, of which `beginning`
/// are all or at least max_npy_header_bytes. Throws IoError naming `source`.
NpyHeader parse_npy_header(const std::string& source, std::span<const std::byte> beginning,
                           std::size_t total_bytes);

/// From the whole array, its header included.
template <class T>
Tensor<T> npy_tensor(const NpyHeader& header, std::span<const std::byte> array);
/// The same. Throws IoError naming `source` for numbers that are no integers of 32 bits.
IntegerArray npy_integers(const std::string& source, const NpyHeader& header,
                          std::span<const std::byte> array);

/// What stands before the data: version 1.0, padded so that the data is aligned to 64 bytes.
std::string format_npy_header(const std::string& descr, const Shape& shape);
template <class T>
constexpr const char* npy_descr = sizeof(T) == 4 ? "<f4" : "<f8";

}  // namespace xgrad::io
