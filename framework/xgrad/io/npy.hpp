#pragma once
// NumPy's files of one array
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html):
//
//   file    = "\x93NUMPY" version length header data
//   version = 1 0, 2 0 or 3 0, a byte each
//   length  = size of the header in bytes, little-endian, 2 bytes in version 1 and else 4
//   header  = a Python dictionary, padded with spaces and ended by a line feed:
//             {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
//   data    = the numbers, row-major, or column-major in Fortran's order

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include <xgrad/core/tensor.hpp>

namespace xgrad::io {

/// An array of whole numbers: labels, ids, images in bytes. `values` is in row-major order.
struct IntegerArray {
  std::vector<std::int32_t> values{};
  Shape shape{};
};

/// Writes a tensor as '<f4' (float) or '<f8' (double), or labels as '<i4' with one axis. As with
/// save_safetensors, the file appears when it is complete. Throws IoError naming the file,
/// ValueError for an undefined tensor.
template <class T>
void save_npy(const std::filesystem::path& path, const Tensor<T>& tensor);
void save_npy(const std::filesystem::path& path, std::span<const std::int32_t> labels);

/// Reads an array of numbers and converts them to T: floating point of 16, 32 and 64 bits, integers
/// of 8 to 64, booleans; of either byte order; of at most 8 axes. The header is checked against the
/// size of the file before memory is taken. Throws IoError naming the file, what was found and what
/// was expected.
template <class T = float>
Tensor<T> load_npy(const std::filesystem::path& path);

/// Reads an array of integers or booleans. Throws IoError also for a number that 32 bits do not
/// hold, naming it.
IntegerArray load_npy_integers(const std::filesystem::path& path);

}  // namespace xgrad::io
