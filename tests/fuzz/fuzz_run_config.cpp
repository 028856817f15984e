// config.json of a run: read as the verbs do, to a configuration, and back.

#include <tools/xgrad/image_run.hpp>
#include <tools/xgrad/run_folder.hpp>
#include <tools/xgrad/text_run.hpp>

#include "fuzz.hpp"

using namespace xgrad;
using namespace xgrad::command;

namespace {

template <class Config>
void check(const std::filesystem::path& folder, const nlohmann::json& json,
           Config (*parse)(const nlohmann::json&)) {
  fuzz::succeeds([&] {
    const Config config = read_config<Config>(folder, json, parse);
    const auto written = to_json(config);
    fuzz::require(to_json(parse(written)) == written, "a configuration that does not come back");
    fuzz::require(config.epochs > 0 && config.batch_size > 0 && config.lr >= 0,
                  "a configuration that no training could have had");
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile file;
  static const fuzz::MemoryFolder folder;
  static const bool linked = (folder.link("config.json", file), true);
  static_cast<void>(linked);
  file.write({data, size});
  // An empty object of JSON takes 3 bytes in the file and over 100 in memory, of which there are
  // copies.
  const fuzz::MemoryLimit limit(1'000'000 + 400 * size);
  fuzz::succeeds([&] {
    const nlohmann::json json = load_config(folder.path());
    check(folder.path(), json, image_run_config);
    check(folder.path(), json, text_run_config);
  });
  return 0;
}
