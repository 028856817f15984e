#pragma once
// A run folder holds config.json, which says what was trained and how, and model.safetensors, the
// weights in PyTorch's names and layouts. Each file appears complete or not at all.

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xgrad/core/error.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::command {

/// Makes the folder of a run and makes sure that it can be written to, before hours are spent.
/// Throws IoError.
void prepare_run(const std::filesystem::path& folder);

/// Writes both files. Throws IoError.
void save_run(const std::filesystem::path& folder, const nlohmann::ordered_json& config,
              const nn::Module<float>& model);

/// The configuration of a run; it has a "kind". Throws IoError naming the file and what is wrong.
nlohmann::json load_config(const std::filesystem::path& folder);

/// The configuration by `parse`, whose errors become an IoError that names the run.
template <class Config>
Config read_config(const std::filesystem::path& folder, const nlohmann::json& json,
                   Config (*parse)(const nlohmann::json&)) {
  try {
    return parse(json);
  } catch (const std::exception& error) {
    throw IoError(fmt::format("{}: the configuration of the run is damaged: {}", folder.string(),
                              error.what()));
  }
}

/// Fills a model of the right kind. Throws IoError naming the file and what does not fit.
void load_weights(const std::filesystem::path& folder, nn::Module<float>& model);

}  // namespace xgrad::command
