#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>

#include <datasets/text.hpp>
#include <datasets/text_streams.hpp>
#include <xgrad/core/error.hpp>

using namespace xgrad;
using namespace xgrad::datasets;

namespace {

namespace fs = std::filesystem;

// Sets an environment variable for as long as it lives; without a value, unsets it.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Environment() { set(before_ ? before_->c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const char* value) {
    if (value == nullptr)
      unsetenv(name_);
    else
      setenv(name_, value, 1);
  }
  const char* name_;
  std::optional<std::string> before_{};
};

// A folder that is gone at the end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("xgrad_text_test" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

void write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::vector<std::int32_t> counting(Index n) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(n));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

bool same(std::span<const std::int32_t> a, std::initializer_list<std::int32_t> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(a_vocabulary_is_sorted_and_turns_text_into_ids_and_back) {
  const Vocabulary bytes("hello\n", TextUnit::byte);
  BOOST_TEST(bytes.size() == 5);
  BOOST_TEST(bytes.symbols() == (std::vector<std::uint32_t>{'\n', 'e', 'h', 'l', 'o'}),
             boost::test_tools::per_element());
  BOOST_TEST(same(bytes.encode("hole\n"), {2, 4, 3, 1, 0}));
  BOOST_TEST(bytes.decode(bytes.encode("hole\n")) == "hole\n");
  BOOST_TEST(bytes.decode(2) == "h");
}

BOOST_AUTO_TEST_CASE(a_character_is_a_byte_or_a_code_point) {
  // One of each length: a, é, €, and a clef beyond 16 bits.
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E";
  const Vocabulary points(text, TextUnit::code_point);
  BOOST_TEST(points.symbols() == (std::vector<std::uint32_t>{'a', 0xE9, 0x20AC, 0x1D11E}),
             boost::test_tools::per_element());
  BOOST_TEST(points.decode(points.encode(text)) == text);
  const Vocabulary bytes(text, TextUnit::byte);
  BOOST_TEST(bytes.encode(text).size() == text.size());
  BOOST_TEST(bytes.decode(bytes.encode(text)) == text);
}

BOOST_AUTO_TEST_CASE(every_byte_makes_the_round_trip) {
  std::string all;
  for (int i = 255; i >= 0; --i) all += static_cast<char>(i);
  const Vocabulary vocabulary(all, TextUnit::byte);
  BOOST_TEST(vocabulary.size() == 256);
  BOOST_TEST(vocabulary.decode(vocabulary.encode(all)) == all);
}

BOOST_AUTO_TEST_CASE(a_vocabulary_is_stored_as_its_unit_and_symbols) {
  const Vocabulary vocabulary("na\xC3\xAFve", TextUnit::code_point);
  const Vocabulary restored(text_unit(to_string(vocabulary.unit())), vocabulary.symbols());
  BOOST_TEST((restored == vocabulary));
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_is_refused_at_its_first_byte) {
  for (const std::string bad :
       {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xE2\x82", "\xC3(", "\xF0\x8F\xBF\xBF"}) {
    BOOST_CHECK_EXCEPTION(Vocabulary("xyz" + bad, TextUnit::code_point), ValueError,
                          [](const ValueError& error) {
                            return std::string(error.what()).find("offset 3") != std::string::npos;
                          });
  }
}

BOOST_AUTO_TEST_CASE(a_file_is_read_as_it_is) {
  const Folder folder;
  const std::string bytes("a\r\n\0\xFF", 5);
  write(folder.path / "a.txt", bytes);
  const Text text = read_text(folder.path / "a.txt");
  BOOST_TEST(text.bytes == bytes);
  BOOST_TEST(text.name == "a.txt");
  BOOST_TEST(text.source == (folder.path / "a.txt").string());
}

BOOST_AUTO_TEST_CASE(the_tail_is_for_validation) {
  const auto ids = counting(1115394);  // tinyshakespeare
  const TextSplit split = split_text(ids);
  BOOST_TEST(split.train.size() == 1003854U);
  BOOST_TEST(split.validation.size() == 111540U);
  BOOST_TEST(split.validation.front() == 1003854);
}

BOOST_AUTO_TEST_CASE(streams_go_on_where_the_window_before_ended) {
  const auto ids = counting(23);  // two pieces of 11 characters, three windows of 3 in each
  TextStreams streams(ids, {.batch_size = 2, .seq_len = 3});
  BOOST_TEST(streams.windows_per_epoch() == 3);
  const TextWindow first = streams.next();
  BOOST_TEST(first.steps == 3);
  BOOST_TEST(first.batch == 2);
  BOOST_TEST(first.restart);
  BOOST_TEST(first.predictions == 6);
  BOOST_TEST(same(first.ids, {0, 11, 1, 12, 2, 13}));
  BOOST_TEST(same(first.targets, {1, 12, 2, 13, 3, 14}));
  const TextWindow second = streams.next();
  BOOST_TEST(!second.restart);
  BOOST_TEST(same(second.ids, {3, 14, 4, 15, 5, 16}));
  BOOST_TEST(!streams.next().restart);
  BOOST_TEST((streams.position() == TextPosition{1, 0}));
  const TextWindow again = streams.next();
  BOOST_TEST(again.restart);
  BOOST_TEST(again.ids == first.ids, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_shortest_text_has_one_window) {
  const auto ids = counting(8);
  TextStreams streams(ids, {.batch_size = 2, .seq_len = 3});
  BOOST_TEST(streams.windows_per_epoch() == 1);
  BOOST_TEST(same(streams.next().targets, {1, 5, 2, 6, 3, 7}));
  BOOST_TEST(streams.next().restart);
  BOOST_CHECK_THROW(TextStreams(std::span(ids).first(7), {.batch_size = 2, .seq_len = 3}),
                    ValueError);
}

BOOST_AUTO_TEST_CASE(reading_resumes_at_a_position) {
  const auto ids = counting(100);
  TextStreams streams(ids, {.batch_size = 3, .seq_len = 4});
  for (int i = 0; i < 11; ++i) streams.next();
  TextStreams resumed(ids, streams.options());
  resumed.set_position(streams.position());
  for (int i = 0; i < 20; ++i) {
    const TextWindow& window = streams.next();
    const TextWindow& other = resumed.next();
    BOOST_TEST(window.ids == other.ids, boost::test_tools::per_element());
    BOOST_TEST(window.restart == other.restart);
  }
}

BOOST_AUTO_TEST_CASE(a_scan_predicts_every_character_once_from_the_one_before) {
  for (const Index n : {2, 3, 7, 16, 17, 23, 24, 25, 101})
    for (const Index batch : {1, 3, 4, 200})
      for (const Index steps : {1, 5, 8, 50}) {
        const auto ids = counting(n);
        TextScan scan(ids, {.batch_size = batch, .seq_len = steps});
        std::vector<int> predicted(static_cast<std::size_t>(n), 0);
        std::vector<std::int32_t> last(static_cast<std::size_t>(batch), -1);
        Index predictions = 0;
        bool follows = true;
        for (Index i = 0; i < scan.windows(); ++i) {
          const TextWindow& window = scan.window(i);
          BOOST_TEST(window.restart == (i == 0));
          Index counted = 0;
          for (std::size_t at = 0; at < window.ids.size(); ++at) {
            if (window.targets[at] == TextWindow::ignored) continue;
            ++counted;
            ++predicted.at(static_cast<std::size_t>(window.targets[at]));
            follows &= window.targets[at] == window.ids[at] + 1;
            // Each stream goes on from its own past.
            std::int32_t& before = last[at % static_cast<std::size_t>(window.batch)];
            follows &= before == -1 || window.ids[at] == before + 1;
            before = window.ids[at];
          }
          BOOST_TEST(counted == window.predictions);
          predictions += counted;
        }
        BOOST_TEST(follows);
        BOOST_TEST(predictions == scan.predictions());
        BOOST_TEST(predicted.front() == 0);
        BOOST_TEST(
            std::all_of(predicted.begin() + 1, predicted.end(), [](int k) { return k == 1; }));
      }
}

BOOST_AUTO_TEST_CASE(the_text_asked_for_comes_first_then_the_folders_then_the_system) {
  const Folder folder;
  const Environment data("XGRAD_DATA", (folder.path / "data").c_str());
  const Environment cache("XDG_CACHE_HOME", (folder.path / "cache").c_str());
  const auto places = text_places();
  BOOST_REQUIRE(places.size() == 3U);
  BOOST_TEST(!places[0].found);
  BOOST_TEST(!places[1].found);
  if (places[2].found) {
    const Text system = find_text();
    BOOST_TEST(system.bytes.size() > 100000U);
    BOOST_TEST(system.source.find("/usr/share/common-licenses/{GPL-3,GPL-2,") == 0U);
    BOOST_TEST(system.bytes == find_text().bytes);
  } else {
    BOOST_CHECK_THROW(find_text(), IoError);
  }
  write(folder.path / "cache/xgrad/tinyshakespeare/input.txt", "from the cache");
  BOOST_TEST(find_text().bytes == "from the cache");
  write(folder.path / "data/tinyshakespeare/input.txt", "from the data folder");
  BOOST_TEST(find_text().bytes == "from the data folder");
  BOOST_TEST(find_text().name == "tinyshakespeare");
  write(folder.path / "mine.txt", "mine");
  BOOST_TEST(find_text(folder.path / "mine.txt").bytes == "mine");
}

BOOST_AUTO_TEST_SUITE_END()
