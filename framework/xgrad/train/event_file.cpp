#include <xgrad/core/error.hpp>
#include <xgrad/io/protobuf.hpp>
#include <xgrad/train/event_file.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <limits>
#include <system_error>
#include <vector>

namespace xgrad::train {
namespace {

using io::ProtobufMessage;

// Castagnoli's CRC-32, reflected (RFC 3720, appendix B.4), byte by byte.
constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
    table[i] = crc;
  }
  return table;
}();

// As records keep it: turned and shifted, since a CRC of data that holds its own CRC is none.
std::uint32_t masked_crc(std::string_view data) {
  std::uint32_t crc = ~0U;
  for (const char c : data) crc = crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ crc >> 8;
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string_view packed(const std::vector<double>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace

// The messages, and the numbers of their fields, are those of TensorFlow's event.proto,
// summary.proto and tensor.proto.

EventFile::EventFile(const std::filesystem::path& folder)
    : path_(folder / fmt::format("events.out.tfevents.{:.0f}.{}.{}", seconds_since_1970(),
                                 host_name(), getpid())),
      file_(std::fopen(path_.c_str(), "wb")) {
  if (!file_)
    throw IoError(fmt::format("{}: cannot be created: {}: check that the folder exists and may be "
                              "written to",
                              path_.string(), std::generic_category().message(errno)));
  write_record(
      ProtobufMessage().number(1, seconds_since_1970()).bytes(3, "brain.Event:2").data());
}

void EventFile::restart(std::int64_t step) {
  constexpr std::uint64_t start = 1;
  write_event(step, 7, ProtobufMessage().integer(1, start));
}

void EventFile::scalar(std::string_view tag, std::int64_t step, double value) {
  write_value(step, ProtobufMessage().bytes(1, tag).number(2, static_cast<float>(value)));
}

void EventFile::histogram(std::string_view tag, std::int64_t step, std::span<const float> values) {
  constexpr std::size_t bins = 30;
  double low = std::numeric_limits<double>::infinity(), high = -low, sum = 0, squares = 0, count = 0;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    const double x = value;
    low = std::min(low, x);
    high = std::max(high, x);
    sum += x;
    squares += x * x;
    ++count;
  }
  if (count == 0) return;
  const double width = high > low ? (high - low) / bins : 1;
  std::vector<double> limits, counts(high > low ? bins : 1);
  for (std::size_t i = 1; i < counts.size(); ++i)
    limits.push_back(low + width * static_cast<double>(i));
  limits.push_back(high);
  for (const float value : values)
    if (std::isfinite(value)) {
      const auto bin = static_cast<std::size_t>((static_cast<double>(value) - low) / width);
      ++counts[std::min(bin, counts.size() - 1)];
    }
  const auto histogram = ProtobufMessage()
                             .number(1, low)
                             .number(2, high)
                             .number(3, count)
                             .number(4, sum)
                             .number(5, squares)
                             .bytes(6, packed(limits))
                             .bytes(7, packed(counts));
  write_value(step, ProtobufMessage().bytes(1, tag).message(5, histogram));
}

void EventFile::image(std::string_view tag, std::int64_t step, int height, int width, int channels,
                      std::string_view png) {
  const auto image = ProtobufMessage()
                         .integer(1, static_cast<std::uint64_t>(height))
                         .integer(2, static_cast<std::uint64_t>(width))
                         .integer(3, static_cast<std::uint64_t>(channels))
                         .bytes(4, png);
  write_value(step, ProtobufMessage().bytes(1, tag).message(4, image));
}

void EventFile::text(std::string_view tag, std::int64_t step, std::string_view markdown) {
  constexpr std::uint64_t string_type = 7;
  const auto tensor = ProtobufMessage()
                          .integer(1, string_type)
                          .message(2, ProtobufMessage())  // a scalar's shape
                          .bytes(8, markdown);
  const auto plugin = ProtobufMessage().message(1, ProtobufMessage().bytes(1, "text"));
  write_value(step, ProtobufMessage().bytes(1, tag).message(8, tensor).message(9, plugin));
}

void EventFile::write_value(std::int64_t step, const ProtobufMessage& value) {
  write_event(step, 5, ProtobufMessage().message(1, value));
}

void EventFile::write_event(std::int64_t step, int field, const ProtobufMessage& what) {
  write_record(ProtobufMessage()
                   .number(1, seconds_since_1970())
                   .integer(2, static_cast<std::uint64_t>(step))
                   .message(field, what)
                   .data());
}

// A record: length, its CRC, data, their CRC.
void EventFile::write_record(std::string_view data) {
  const std::uint64_t length = data.size();
  const std::uint32_t length_crc = masked_crc(bytes_of(length)), data_crc = masked_crc(data);
  std::string record;
  for (const std::string_view part : {bytes_of(length), bytes_of(length_crc), data, bytes_of(data_crc)})
    record += part;
  if (std::fwrite(record.data(), 1, record.size(), file_.get()) != record.size() ||
      std::fflush(file_.get()) != 0)
    throw IoError(fmt::format("{}: cannot be written: {}: check that the disk has space left",
                              path_.string(), std::generic_category().message(errno)));
}

}  // namespace xgrad::train
