#pragma once
// What this build and this machine give to xgrad, for `xgrad doctor` and for the record of a run.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace xgrad::command {

struct Environment {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();  ///< versions, SIMD, threads ...
  std::vector<std::string> warnings{};
  std::vector<std::string> errors{};

  void add(const std::string& key, nlohmann::ordered_json value) { json[key] = std::move(value); }
};

Environment examine_environment();

}  // namespace xgrad::command
