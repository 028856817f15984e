#include "tools/xgrad/config_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include <xgrad/core/error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace xgrad::command {
namespace {

constexpr double any = std::numeric_limits<double>::infinity();

struct Range {
  const char* key;
  double least, most;
  bool integer = false;
};
constexpr Range ranges[] = {{"seed", 0, any, true},
                            {"epochs", 1, 1e6, true},
                            {"batch_size", 1, 1e6, true},
                            {"accumulate", 1, 1e6, true},
                            {"patience", 0, 1e6, true},
                            {"hidden", 1, 1e6, true},
                            {"layers", 1, 1e6, true},
                            {"seq_len", 1, 1e6, true},
                            {"sample_length", 0, 1e6, true},
                            {"probe_steps", 0, 1e5, true},
                            {"symbols", 0, 0x10FFFF, true},
                            {"lr", 0, any},
                            {"momentum", 0, 1},
                            {"weight_decay", 0, any},
                            {"dropout", 0, 0.99},
                            {"label_smoothing", 0, 1},
                            {"ema", 0, 0.999999},
                            {"target_accuracy", 0, 100},
                            {"validation", 0, 0.9},
                            {"clip", 0, any},
                            {"deviation", 1e-30, any}};

struct Choice {
  const char* key;
  std::array<std::string_view, 3> words;
};
constexpr Choice choices[] = {{"cell", {"rnn", "lstm", "gru"}},
                              {"optimizer", {"adam", "sgd"}},
                              {"schedule", {"one-cycle", "cosine", "constant"}},
                              {"precision", {"fp32", "bf16"}}};

void check_number(const std::string& key, const nlohmann::json& number) {
  constexpr double largest_integer = 9007199254740992;  // of those that all have a double
  const auto value = number.get<double>();
  if (number.is_number_float() && std::abs(value) > largest_integer)
    throw ValueError(fmt::format("{} is {}, which is too large", key, value));
  for (const Range& range : ranges) {
    if (key != range.key) continue;
    if (range.integer && !number.is_number_integer())
      throw ValueError(fmt::format("{} is {}, expected an integer", key, value));
    if (value < range.least || value > range.most)
      throw ValueError(
          fmt::format("{} is {}, expected {} to {}", key, value, range.least, range.most));
  }
}

void check_word(const std::string& key, const std::string& word) {
  for (const auto& [name, words] : choices)
    if (key == name && (word.empty() || std::find(words.begin(), words.end(), word) == words.end()))
      throw ValueError(fmt::format("{} is '{}', expected one of {}", key, word,
                                   fmt::join(words.begin(), words.end(), " ")));
}

}  // namespace

void check_config(const nlohmann::json& config) {
  for (const auto& [key, value] : config.items()) {
    if (value.is_number()) check_number(key, value);
    if (value.is_string()) check_word(key, value.get_ref<const std::string&>());
    if (value.is_array())
      for (const nlohmann::json& one : value)
        if (one.is_number()) check_number(key, one);
  }
}

}  // namespace xgrad::command
