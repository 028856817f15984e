#include "tools/xgrad/remote_data.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xgrad/core/error.hpp>

namespace xgrad::command {
namespace {

// A name becomes a file's in the cache: it must not lead out of there.
void check_name(const std::string& name) {
  if (name.empty() || name.front() == '.' || name.find('/') != name.npos)
    throw ValueError(
        fmt::format("\"{}\" is no name of a file: leave out / and a dot in front", name));
}

RemoteFile remote_file(const nlohmann::json& json) {
  RemoteFile file{json.at("name").get<std::string>(), json.at("bytes").get<std::uintmax_t>(),
                  json.at("sha256").get<std::string>()};
  check_name(file.name);
  if (file.sha256.size() != 64 ||
      file.sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw ValueError(fmt::format("\"{}\" is no SHA-256: give 64 digits 0-9, a-f", file.sha256));
  return file;
}

}  // namespace

const std::vector<RemoteData>& known_remote_data() {
  // MNIST and Fashion-MNIST: of the gzip files as their authors published them, as many independent
  // downloaders state them, some beside the MD5 in Fashion-MNIST's README. Files packed again
  // differ: Debian's Fashion-MNIST lacks the 24 or 23 bytes of the file's name in the gzip header.
  // tinyshakespeare: of the text itself.
  static const std::vector<RemoteData> all{
      {"mnist",
       {{"train-images-idx3-ubyte.gz", 9'912'422,
         "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
        {"train-labels-idx1-ubyte.gz", 28'881,
         "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
        {"t10k-images-idx3-ubyte.gz", 1'648'877,
         "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
        {"t10k-labels-idx1-ubyte.gz", 4'542,
         "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}},
       {"https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://raw.githubusercontent.com/fgnt/mnist/master/"},
       "train mnist --data"},
      {"fashion-mnist",
       {{"train-images-idx3-ubyte.gz", 26'421'880,
         "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
        {"train-labels-idx1-ubyte.gz", 29'515,
         "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
        {"t10k-images-idx3-ubyte.gz", 4'422'102,
         "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
        {"t10k-labels-idx1-ubyte.gz", 5'148,
         "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}},
       {"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"},
       "train mnist --data"},
      {"tinyshakespeare",
       {{"input.txt", 1'115'394,
         "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"}},
       {"https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "https://raw.githubusercontent.com/jcjohnson/torch-rnn/master/data/tiny-shakespeare.txt"},
       "train chars --text"}};
  return all;
}

std::vector<RemoteData> read_remote_data(const std::filesystem::path& path) {
  try {
    std::ifstream file(path);
    if (!file) throw ValueError("cannot be opened: check the path and its permissions");
    const nlohmann::json list = nlohmann::json::parse(file);
    if (!list.is_object()) throw ValueError("is no object of data sets by their names");
    std::vector<RemoteData> all;
    for (const auto& [name, json] : list.items()) {
      check_name(name);
      RemoteData data{name, {}, json.at("mirrors"), ""};
      for (const auto& one : json.at("files")) data.files.push_back(remote_file(one));
      all.push_back(std::move(data));
    }
    return all;
  } catch (const std::exception& error) {
    throw IoError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

std::string address_of(const RemoteFile& file, const std::string& mirror) {
  return mirror.ends_with('/') ? mirror + file.name : mirror;
}

}  // namespace xgrad::command
