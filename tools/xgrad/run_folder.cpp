#include "tools/xgrad/run_folder.hpp"

#include <fmt/format.h>

#include <fstream>

#include <xgrad/core/error.hpp>
#include <xgrad/io/atomic_file.hpp>
#include <xgrad/io/safetensors.hpp>

namespace xgrad::command {
namespace {

constexpr const char* config_name = "config.json";
constexpr const char* weights_name = "model.safetensors";

}  // namespace

void prepare_run(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw IoError(fmt::format("{}: the run's folder cannot be made: {}: choose another --out",
                              folder.string(), error.message()));
  const io::AtomicFile probe(folder / config_name);  // removed again, since it is not committed
}

void save_run(const std::filesystem::path& folder, const nlohmann::ordered_json& config,
              const nn::Module<float>& model) {
  io::save_safetensors(folder / weights_name, model.state_dict());
  const std::string text = config.dump(2) + "\n";
  io::AtomicFile file(folder / config_name);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

nlohmann::json load_config(const std::filesystem::path& folder) {
  const auto path = folder / config_name;
  std::ifstream file(path);
  if (!file)
    throw IoError(
        fmt::format("{}: cannot be read: is {} the folder that was given to xgrad train "
                    "--out?",
                    path.string(), folder.string()));
  try {
    nlohmann::json config = nlohmann::json::parse(file);
    static_cast<void>(config.at("kind").get<std::string>());
    return config;
  } catch (const nlohmann::json::exception& error) {
    throw IoError(
        fmt::format("{}: not the configuration of a run: {}", path.string(), error.what()));
  }
}

void load_weights(const std::filesystem::path& folder, nn::Module<float>& model) {
  const auto path = folder / weights_name;
  const auto weights = io::load_safetensors<float>(path);
  try {
    model.load_state_dict(weights);
  } catch (const ValueError& error) {
    throw IoError(fmt::format("{}: not the weights of the model in {}: {}", path.string(),
                              config_name, error.what()));
  }
}

}  // namespace xgrad::command
