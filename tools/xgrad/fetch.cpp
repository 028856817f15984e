// xgrad fetch: brings a public data set into the user's cache, where the trainings look for it.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include <datasets/cache.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/train/interrupt.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/download.hpp"

namespace xgrad::command {
namespace {

struct FetchOptions {
  std::string name{};
  std::vector<std::string> mirrors{};
  std::optional<std::string> list{};
};

#ifdef XGRAD_WITH_DOWNLOADS
RemoteData find(const std::vector<RemoteData>& all, const std::string& name) {
  std::vector<std::string> names;
  for (const RemoteData& data : all) {
    if (data.name == name) return data;
    names.push_back(data.name);
  }
  throw UsageError(fmt::format("fetch: there is no data set '{}'{}; there are {}", name,
                               suggestion(name, names), fmt::join(names, ", ")));
}

// Those asked for instead, as folders.
std::vector<std::string> mirrors_of(const RemoteData& data, const FetchOptions& options) {
  if (options.mirrors.empty()) return data.mirrors;
  std::vector<std::string> mirrors = options.mirrors;
  for (std::string& mirror : mirrors)
    if (!mirror.ends_with('/')) mirror += '/';
  return mirrors;
}

std::string use_of(const RemoteData& data, const std::filesystem::path& folder) {
  if (data.use.empty()) return "";
  const auto path = data.files.size() == 1 ? folder / data.files[0].name : folder;
  return fmt::format("use it by xgrad {} {}\n", data.use, path.string());
}

int run(const FetchOptions& options, const CommonOptions& common) {
  const RemoteData data =
      find(options.list ? read_remote_data(*options.list) : known_remote_data(), options.name);
  const auto cache = datasets::user_cache();
  if (!cache)
    throw IoError("fetch: neither XDG_CACHE_HOME nor HOME is set: set one, the data goes there");
  const std::filesystem::path folder = *cache / data.name;
  const train::CatchInterrupt interrupt;
  const auto start = std::chrono::steady_clock::now();
  nlohmann::ordered_json files = nlohmann::json::array();
  std::uintmax_t bytes = 0;
  for (const RemoteFile& file : data.files) {
    std::string from;
    try {
      from = download(file, mirrors_of(data, options), folder,
                      {.stop = [&] { return interrupt.requested(); }});
    } catch (const DownloadStopped&) {
      fmt::print(stderr, "xgrad: stopped: what came is kept in {}, the same command goes on\n",
                 folder.string());
      return 128 + interrupt.signal();
    }
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    files.back()["from"] = from.empty() ? nlohmann::json() : nlohmann::json(from);
    if (!from.empty()) bytes += file.bytes;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (common.json)
    print_json({{"dataset", data.name},
                {"folder", folder.string()},
                {"files", files},
                {"bytes_fetched", bytes},
                {"seconds", seconds.count()}});
  else
    print("{}: {} in {}\n{}", data.name,
          bytes == 0 ? "all of it was there" : fmt::format("{} bytes fetched", bytes),
          folder.string(), use_of(data, folder));
  return 0;
}
#else
int run(const FetchOptions&, const CommonOptions&) {
  throw Error(
      "fetch: this xgrad was built without libcurl and OpenSSL: install libcurl4-openssl-dev and "
      "libssl-dev, and configure and build it again");
}
#endif

}  // namespace

void add_fetch(CLI::App& app, Session& session) {
  const auto options = std::make_shared<FetchOptions>();
  CLI::App* const verb =
      add_verb(app, session, "fetch", "Download a data set into the user's cache, checked",
               [options](const CommonOptions& common) { return run(*options, common); });
  verb->add_option("name", options->name, "mnist, fashion-mnist or tinyshakespeare")
      ->required()
      ->type_name("DATASET");
  verb->add_option("--mirror", options->mirrors,
                   "Address of a folder with the files, instead of the known mirrors; may be given "
                   "several times")
      ->type_name("URL");
  verb->add_option("--list", options->list,
                   "A JSON file of other data sets, instead of those known: {\"NAME\": {\"files\": "
                   "[{\"name\", \"bytes\", \"sha256\"}], \"mirrors\": [URL]}}")
      ->type_name("FILE");
}

}  // namespace xgrad::command
