#pragma once

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>

#include <string>

#include "temporary_folder.hpp"

/// Calls read(path) for 2000 files that hold `whole` with up to `bytes` of its bytes at random places
/// replaced by random ones. Whatever they are, the answer must be a result or an IoError: all else
/// leaves this function.
template <class Read>
void read_damaged(const std::string& whole, int bytes, const Read& read) {
  const TemporaryFolder folder;
  xgrad::RandomStream random(1, "garbage");
  for (int round = 0; round < 2000; ++round) {
    std::string bad = whole;
    for (int k = 0; k < bytes; ++k)
      bad[static_cast<std::size_t>(random.below(std::ssize(bad)))] =
          static_cast<char>(random.next());
    write_file(folder / "bad", bad);
    try {
      read(folder / "bad");
    } catch (const xgrad::IoError&) {
    }
  }
}
