#include <xgrad/core/error.hpp>
#include <xgrad/core/log.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/train/checkpoint.hpp>

#include <fmt/format.h>

#include <charconv>
#include <system_error>
#include <utility>

namespace xgrad::train {
namespace {

constexpr const char* last_name = "checkpoint.safetensors";
constexpr const char* previous_name = "checkpoint.previous.safetensors";

std::string stream_name(std::size_t purpose) { return fmt::format("random stream {}", purpose); }

template <class T>
T parse(const Checkpoint& from, const std::string& name) {
  const std::string& text = from.text(name);
  T value{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end)
    throw IoError(fmt::format("{}: \"{}\" is \"{}\", which is no number: the file is damaged",
                              from.source().string(), name, text));
  return value;
}

}  // namespace

void Checkpoint::put_value(const std::string& name, std::string text) {
  if (!values_.emplace(name, std::move(text)).second)
    throw ValueError(fmt::format("a checkpoint has a value \"{}\" already: choose another name", name));
}

void Checkpoint::put(const std::string& part, const StateDict<float>& tensors) {
  for (const auto& [name, tensor] : tensors)
    if (!tensors_.emplace(part + "/" + name, tensor).second)
      throw ValueError(fmt::format("a checkpoint has a tensor \"{}/{}\" already: choose another name",
                                   part, name));
}

void Checkpoint::put(const std::string& name, std::int64_t value) {
  put_value(name, fmt::format("{}", value));
}
void Checkpoint::put(const std::string& name, double value) {
  put_value(name, fmt::format("{}", value));  // the shortest text that gives this number again
}
void Checkpoint::put(const std::string& name, std::string value) {
  put_value(name, std::move(value));
}

void Checkpoint::put_random_streams() {
  put_value("random seed", fmt::format("{}", initial_seed()));
  const RandomStreams streams = random_streams();
  for (std::size_t i = 0; i < streams.size(); ++i)
    put_value(stream_name(i), fmt::format("{}", streams[i].position()));
}

void Checkpoint::restore_random_streams() const {
  manual_seed(parse<std::uint64_t>(*this, "random seed"));
  RandomStreams streams = random_streams();
  for (std::size_t i = 0; i < streams.size(); ++i)
    streams[i].set_position(parse<std::uint64_t>(*this, stream_name(i)));
  set_random_streams(streams);
}

StateDict<float> Checkpoint::tensors(const std::string& part) const {
  StateDict<float> found;
  const std::string prefix = part + "/";
  for (auto i = tensors_.lower_bound(prefix); i != tensors_.end() && i->first.starts_with(prefix); ++i)
    found.emplace(i->first.substr(prefix.size()), i->second);
  return found;
}

const std::string& Checkpoint::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end())
    throw IoError(fmt::format("{}: has no \"{}\": it is of another program, or damaged",
                              source_.string(), name));
  return found->second;
}
std::int64_t Checkpoint::integer(const std::string& name) const {
  return parse<std::int64_t>(*this, name);
}
double Checkpoint::number(const std::string& name) const { return parse<double>(*this, name); }

void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint) {
  io::save_safetensors(folder / last_name, checkpoint.tensors_, checkpoint.values_,
                       folder / previous_name);
}

void remove_checkpoints(const std::filesystem::path& folder) {
  // The last one first: what is left if this is interrupted is older, and whole.
  for (const char* const name : {last_name, previous_name}) {
    std::error_code error;
    std::filesystem::remove(folder / name, error);
    if (error)
      throw IoError(fmt::format("{}: cannot be removed: {}: check that the folder may be written to",
                                (folder / name).string(), error.message()));
  }
}

bool has_checkpoint(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::exists(folder / last_name, error) ||
         std::filesystem::exists(folder / previous_name, error);
}

Checkpoint load_checkpoint(const std::filesystem::path& folder) {
  const auto load = [](const std::filesystem::path& path) {
    Checkpoint loaded;
    loaded.tensors_ = io::load_safetensors<float>(path);
    loaded.values_ = io::load_safetensors_metadata(path);
    loaded.source_ = path;
    return loaded;
  };
  try {
    return load(folder / last_name);
  } catch (const IoError& error) {
    std::error_code ignored;
    if (!std::filesystem::exists(folder / previous_name, ignored)) throw;
    log().warn("{}; going on from the checkpoint before it", error.what());
    return load(folder / previous_name);
  }
}

}  // namespace xgrad::train
