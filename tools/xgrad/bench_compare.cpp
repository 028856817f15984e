#include "tools/xgrad/bench_compare.hpp"

#include <fstream>
#include <iterator>

#include <xgrad/core/error.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace xgrad::command {

EarlierRun::EarlierRun(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.good() && text.empty())
    throw IoError(
        fmt::format("{}: cannot be read: write it with xgrad bench --json > FILE", file.string()));
  try {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (const auto line = text.rfind('\n'); line != text.npos && text[line + 1] == '{')
      text.erase(0, line + 1);
    const auto earlier = nlohmann::json::parse(text);
    for (const auto& row : earlier.at("results"))
      medians_[{row.at("workload").get<std::string>(), row.at("variant").get<std::string>(),
                row.at("threads").get<int>()}] = row.at("median").get<double>();
  } catch (const nlohmann::json::exception&) {
    throw IoError(fmt::format("{}: is no result of xgrad bench --json", file.string()));
  }
}

double EarlierRun::ratio(const Case& c, int threads, double median) const {
  const auto found = medians_.find({c.workload, c.variant, threads});
  if (found == medians_.end() || found->second <= 0 || median <= 0) return 0;
  return higher_is_better(c.unit) ? median / found->second : found->second / median;
}

}  // namespace xgrad::command
