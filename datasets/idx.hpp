#pragma once
// The IDX format of the MNIST files (yann.lecun.com/exdb/mnist), all numbers big-endian:
//
//     file    = magic extent{rank} byte{product of the extents}
//     magic   = 0x00 0x00 type rank       one byte each; type 0x08 is "unsigned byte"
//     extent  = 32-bit unsigned integer
//
// A file may be compressed with gzip; that is told from its first bytes, never from its name.

#include <cstdint>
#include <filesystem>
#include <vector>

#include <xgrad/core/shape.hpp>

namespace xgrad::datasets {

/// An array of bytes, row-major.
struct IdxArray {
  std::vector<Index> extents;
  std::vector<std::uint8_t> values;
};

/// Reads an IDX file of unsigned bytes with `rank` axes (at most 8), plain or gzip. Nothing is
/// allocated on the word of the header alone: it must fit the size of the file first (deflate
/// cannot compress more than 1032 to 1), and no byte beyond what it promises is kept. Throws
/// IoError, naming the file, what was found and what was expected, if it is missing, no file, not
/// IDX, of another type or rank, damaged, or shorter or longer than its header says; ValueError for
/// another rank than 1 to 8.
IdxArray read_idx(const std::filesystem::path& path, int rank);

/// Writes an IDX file; with gzip where the name ends in ".gz". The file appears under its name only
/// when it is complete. Throws IoError if it cannot be written; ShapeError if the number of values
/// is not the product of the extents, or one of them does not fit in 32 bits.
void write_idx(const std::filesystem::path& path, const IdxArray& array);

}  // namespace xgrad::datasets
