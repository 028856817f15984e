#include "tools/xgrad/download.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/log.hpp>
#include <xgrad/train/progress.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/part_file.hpp"

namespace xgrad::command {
namespace {

namespace fs = std::filesystem;

constexpr int tries = 3;  // in a row without progress
constexpr int redirections = 5;
constexpr long connect_seconds = 15, stalled_seconds = 30;

/// How one request ended.
enum class Outcome {
  complete,  ///< by the server's word
  cut,       ///< it may go on
  no_range,  ///< the server sends files from their beginning only
  refused,   ///< this mirror is of no use
};
struct Attempt {
  Outcome outcome = Outcome::refused;
  std::string reason{};
};

// What curl calls back to while a request runs. Exceptions must not pass through it.
struct Transfer {
  PartFile& part;
  const RemoteFile& file;
  const DownloadOptions& options;
  train::Progress& progress;
  std::exception_ptr failure{};
  bool too_long = false, stopped = false;
};

Index kilobytes(std::uintmax_t bytes) { return static_cast<Index>(bytes / 1000); }

std::size_t on_data(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.too_long = size > transfer.file.bytes - transfer.part.bytes();
  if (transfer.too_long) return CURL_WRITEFUNC_ERROR;
  try {
    transfer.part.append({data, size});
    transfer.progress.update(kilobytes(transfer.part.bytes()));
    return size;
  } catch (...) {
    transfer.failure = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.stopped = transfer.options.stop && transfer.options.stop();
  return transfer.stopped ? 1 : 0;
}

bool is_cut(CURLcode code) {
  for (const CURLcode cut :
       {CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING,
        CURLE_OPERATION_TIMEDOUT, CURLE_HTTP2, CURLE_HTTP2_STREAM})
    if (code == cut) return true;
  return false;
}

Attempt judge(CURL* curl, CURLcode code, const char* message, const Transfer& transfer) {
  if (transfer.too_long)
    return {Outcome::refused,
            fmt::format("sends more than the file's {} bytes", transfer.file.bytes)};
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  constexpr long range_not_satisfiable = 416;
  if (code == CURLE_RANGE_ERROR || status == range_not_satisfiable)
    return {Outcome::no_range, "cannot go on in the middle of the file"};
  if (code == CURLE_HTTP_RETURNED_ERROR) return {Outcome::refused, fmt::format("HTTP {}", status)};
  const std::string reason = *message != '\0' ? message : curl_easy_strerror(code);
  if (is_cut(code)) return {Outcome::cut, reason};
  if (code != CURLE_OK) return {Outcome::refused, reason};
  // Without a length, the end of the connection looks like that of the file.
  curl_off_t length = -1;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (transfer.part.bytes() < transfer.file.bytes && length < 0)
    return {Outcome::cut,
            fmt::format("ended after {} of {} bytes", transfer.part.bytes(), transfer.file.bytes)};
  return {Outcome::complete};
}

// Asks for what is missing of the file.
Attempt request(const std::string& address, PartFile& part, const RemoteFile& file,
                const DownloadOptions& options) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(),
                                                                   curl_easy_cleanup);
  if (!handle) throw std::bad_alloc();
  train::Progress progress(file.name, kilobytes(file.bytes), progress_display("kB"),
                           kilobytes(part.bytes()));
  Transfer transfer{part, file, options, progress};
  std::array<char, CURL_ERROR_SIZE> message{};
  CURL* const curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, static_cast<long>(redirections));
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "xgrad/" XGRAD_VERSION);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);  // bytes per second
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stalled_seconds);
  curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(part.bytes()));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK && part.bytes() == file.bytes)
    progress.finish();
  else
    progress.clear();
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  if (transfer.stopped) throw DownloadStopped();
  return judge(curl, code, message.data(), transfer);
}

void wait(double seconds, const DownloadOptions& options) {
  using namespace std::chrono;
  const auto end = steady_clock::now() + duration<double>(seconds);
  while (steady_clock::now() < end) {
    if (options.stop && options.stop()) throw DownloadStopped();
    std::this_thread::sleep_for(milliseconds(50));
  }
}

// All of the file from one mirror; what is wrong with the mirror, if something is.
std::optional<std::string> fill(PartFile& part, const RemoteFile& file, const std::string& address,
                                const DownloadOptions& options) {
  // A beginning that is of another file shows only at the end: then once more, from nothing.
  bool from_nothing = part.bytes() == 0;
  int fruitless = 0;
  while (true) {
    if (part.bytes() < file.bytes) {
      const std::uintmax_t before = part.bytes();
      const Attempt attempt = request(address, part, file, options);
      if (attempt.outcome == Outcome::cut) {
        if (part.bytes() > before) fruitless = 0;
        if (++fruitless == tries) return attempt.reason;
        log().info("{}: {}: trying again from byte {} on", address, attempt.reason, part.bytes());
        if (part.bytes() == before) wait(options.pause * (1 << (fruitless - 1)), options);
        continue;
      }
      if (attempt.outcome == Outcome::no_range && before > 0) {
        part.clear();
        from_nothing = true;
        continue;
      }
      // The mirrors have one file: what came of it may be gone on with at the next.
      if (attempt.outcome != Outcome::complete && part.bytes() < file.bytes) {
        if (part.bytes() != before) part.clear();
        return attempt.reason;
      }
    }
    if (part.bytes() == file.bytes && part.matches(file.sha256)) return std::nullopt;
    const std::uintmax_t bytes = part.bytes();
    part.clear();
    if (from_nothing)
      return bytes == file.bytes
                 ? "has another file of that name: its SHA-256 is wrong"
                 : fmt::format("has another file of that name: {} bytes instead of {}", bytes,
                               file.bytes);
    from_nothing = true;
  }
}

bool is_there(const RemoteFile& file, const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return false;
  if (fs::file_size(path, error) == file.bytes && sha256_of(path) == file.sha256) return true;
  log().warn("{}: is not the file that was published: it will be replaced", path.string());
  return false;
}

}  // namespace

std::string download(const RemoteFile& file, const std::vector<std::string>& mirrors,
                     const fs::path& folder, const DownloadOptions& options) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw IoError(fmt::format(
        "{}: the folder cannot be made ({}): check its permissions, or choose another cache with "
        "XDG_CACHE_HOME",
        folder.string(), error.message()));
  const fs::path path = folder / file.name;
  if (is_there(file, path)) return "";
  PartFile part(path);
  if (part.bytes() > file.bytes) part.clear();
  std::string failures;
  for (const std::string& mirror : mirrors) {
    const std::string address = address_of(file, mirror);
    const auto failure = fill(part, file, address, options);
    if (!failure) {
      part.publish();
      return address;
    }
    log().warn("{}: {}", address, *failure);
    failures += fmt::format("\n  {}: {}", address, *failure);
  }
  throw IoError(
      fmt::format("{}: no mirror has it: try later, or name another with --mirror; tried{}",
                  file.name, failures));
}

}  // namespace xgrad::command
