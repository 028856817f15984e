#include <boost/test/unit_test.hpp>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <vector>

#include <unistd.h>

#include <xgrad/core/error.hpp>
#include <xgrad/train/event_file.hpp>

using namespace xgrad;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("xgrad-events-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

template <class T>
T read(std::string_view& bytes) {
  T value;
  BOOST_REQUIRE(bytes.size() >= sizeof value);
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

std::uint64_t varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = read<std::uint8_t>(bytes);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
}

// The fields of a message: numbers as bits, messages and texts as bytes.
struct Fields {
  std::map<int, std::uint64_t> numbers;
  std::map<int, std::string_view> bytes;
};
Fields parse(std::string_view message) {
  Fields fields;
  while (!message.empty()) {
    const std::uint64_t tag = varint(message);
    const int field = static_cast<int>(tag >> 3);
    switch (tag & 7) {
      case 0: fields.numbers[field] = varint(message); break;
      case 1: fields.numbers[field] = read<std::uint64_t>(message); break;
      case 5: fields.numbers[field] = read<std::uint32_t>(message); break;
      default: {
        const std::uint64_t size = varint(message);
        BOOST_REQUIRE(size <= message.size());
        fields.bytes[field] = message.substr(0, size);
        message.remove_prefix(size);
      }
    }
  }
  return fields;
}

std::vector<std::string> records(const fs::path& path) {
  std::stringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string all = content.str();
  std::string_view rest = all;
  std::vector<std::string> found;
  while (!rest.empty()) {
    const auto length = read<std::uint64_t>(rest);
    static_cast<void>(read<std::uint32_t>(rest));
    BOOST_REQUIRE(length <= rest.size());
    found.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
    static_cast<void>(read<std::uint32_t>(rest));
  }
  return found;
}

// The value of an event of one value.
Fields value_of(const std::string& event) { return parse(parse(parse(event).bytes.at(5)).bytes.at(1)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(event_file)

BOOST_AUTO_TEST_CASE(files_begin_as_tensorflows_do) {
  const Folder folder;
  const train::EventFile file(folder.path);
  BOOST_TEST(file.path().filename().string().starts_with("events.out.tfevents."));
  std::ifstream stream(file.path(), std::ios::binary);
  std::string head(13, '\0');
  stream.read(head.data(), 13);
  // The length 24, its masked CRC, and the tag of a double, as in any file that TensorFlow wrote.
  const unsigned char expected[] = {24, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22, 9};
  BOOST_TEST(std::memcmp(head.data(), expected, sizeof expected) == 0);
  BOOST_TEST(parse(records(file.path()).at(0)).bytes.at(3) == "brain.Event:2");
}

BOOST_AUTO_TEST_CASE(values_have_their_tag_step_and_number) {
  const Folder folder;
  train::EventFile file(folder.path);
  file.scalar("loss/train", 300, 0.125);
  file.text("sample", 7, "To be, or");
  file.image("filter", 8, 5, 6, 3, "\x89PNG");
  file.restart(301);
  const auto all = records(file.path());
  BOOST_REQUIRE(all.size() == 5);
  BOOST_TEST(parse(all[4]).numbers.at(2) == 301);
  BOOST_TEST(parse(parse(all[4]).bytes.at(7)).numbers.at(1) == 1);  // SessionLog.START
  BOOST_TEST(parse(all[1]).numbers.at(2) == 300);
  const Fields loss = value_of(all[1]);
  BOOST_TEST(loss.bytes.at(1) == "loss/train");
  BOOST_TEST(std::bit_cast<float>(static_cast<std::uint32_t>(loss.numbers.at(2))) == 0.125F);
  const Fields text = value_of(all[2]);
  BOOST_TEST(parse(text.bytes.at(8)).numbers.at(1) == 7);  // a string
  BOOST_TEST(parse(text.bytes.at(8)).bytes.at(8) == "To be, or");
  BOOST_TEST(parse(parse(text.bytes.at(9)).bytes.at(1)).bytes.at(1) == "text");
  const Fields image = parse(value_of(all[3]).bytes.at(4));
  BOOST_TEST(image.numbers.at(1) == 5);
  BOOST_TEST(image.numbers.at(2) == 6);
  BOOST_TEST(image.numbers.at(3) == 3);
  BOOST_TEST(image.bytes.at(4) == "\x89PNG");
}

BOOST_AUTO_TEST_CASE(histograms_count_every_finite_value) {
  const Folder folder;
  train::EventFile file(folder.path);
  std::vector<float> values;
  for (int i = 0; i < 100; ++i) values.push_back(static_cast<float>(i));
  values.push_back(std::numeric_limits<float>::quiet_NaN());
  file.histogram("weights", 1, values);
  file.histogram("all the same", 1, std::vector<float>(9, 2.5F));
  file.histogram("nothing", 1, std::vector<float>{});
  const auto all = records(file.path());
  BOOST_REQUIRE(all.size() == 3);
  const auto check = [](const std::string& event, double low, double high, double count) {
    const Fields histogram = parse(value_of(event).bytes.at(5));
    const auto number = [&](int field) { return std::bit_cast<double>(histogram.numbers.at(field)); };
    BOOST_TEST(number(1) == low);
    BOOST_TEST(number(2) == high);
    BOOST_TEST(number(3) == count);
    std::string_view limits = histogram.bytes.at(6), counts = histogram.bytes.at(7);
    BOOST_TEST(limits.size() == counts.size());
    double sum = 0, limit = 0;
    while (!counts.empty()) {
      sum += read<double>(counts);
      limit = read<double>(limits);
    }
    BOOST_TEST(sum == count);
    BOOST_TEST(limit == high);
  };
  check(all[1], 0, 99, 100);
  check(all[2], 2.5, 2.5, 9);
}

BOOST_AUTO_TEST_CASE(a_missing_folder_is_named) {
  BOOST_CHECK_EXCEPTION(train::EventFile("/nowhere/at/all"), IoError, [](const IoError& error) {
    return std::string(error.what()).find("/nowhere/at/all") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
