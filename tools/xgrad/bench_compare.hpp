#pragma once
// The figures of an earlier run.

#include <filesystem>
#include <map>
#include <string>
#include <tuple>

#include "tools/xgrad/bench_case.hpp"

namespace xgrad::command {

class EarlierRun {
 public:
  EarlierRun() = default;
  /// Reads what `xgrad bench --json` wrote: its last line, or the whole file. Throws IoError for a
  /// file that cannot be read or is no such result.
  explicit EarlierRun(const std::filesystem::path& file);

  bool empty() const { return medians_.empty(); }
  /// How many times as good `median` is: above 1 is faster (or smaller). 0 if the earlier run has
  /// no such row.
  double ratio(const Case& c, int threads, double median) const;

 private:
  std::map<std::tuple<std::string, std::string, int>, double> medians_;
};

}  // namespace xgrad::command
