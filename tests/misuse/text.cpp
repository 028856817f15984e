#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <datasets/text.hpp>
#include <datasets/text_streams.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad::datasets;

// A file of these bytes, gone again after the call.
template <class F>
void with_file(const std::string& bytes, F use) {
  const auto path =
      std::filesystem::temp_directory_path() / (std::to_string(getpid()) + "_misuse_text.txt");
  std::ofstream(path, std::ios::binary) << bytes;
  try {
    use(path);
  } catch (...) {
    std::filesystem::remove(path);
    throw;
  }
  std::filesystem::remove(path);
}

}  // namespace

std::vector<Misuse> text() {
  static const std::vector<std::int32_t> ids(100, 0);
  static const Vocabulary abc("abc\xC3\xA9", TextUnit::code_point);
  return {
      {"read_text: no such file",
       [] { read_text("/nowhere/a.txt"); },
       Kind::io,
       {"/nowhere/a.txt", "no such file", "check the path"}},
      {"read_text: a directory",
       [] { read_text(std::filesystem::temp_directory_path()); },
       Kind::io,
       {"is a directory", "name the file in it"}},
      {"read_text: an empty file",
       [] { with_file("", [](const auto& path) { read_text(path); }); },
       Kind::io,
       {"_misuse_text.txt", "is empty"}},
      {"read_text: not UTF-8",
       [] {
         with_file(
             "ab\xFF"
             "cd",
             [](const auto& path) { read_text(path, TextUnit::code_point); });
       },
       Kind::io,
       {"_misuse_text.txt", "0xFF", "offset 2", "as bytes", "iconv"}},
      {"find_text: a file that is not there",
       [] { find_text("/nowhere/a.txt"); },
       Kind::io,
       {"/nowhere/a.txt", "no such file"}},
      {"text_unit: unknown word",
       [] { text_unit("word"); },
       Kind::value,
       {"word", "byte", "code-point"}},
      {"Vocabulary: an empty text",
       [] { Vocabulary("", TextUnit::byte); },
       Kind::value,
       {"Vocabulary", "empty"}},
      {"Vocabulary: not UTF-8",
       [] { Vocabulary("a\xC0\x80", TextUnit::code_point); },
       Kind::value,
       {"Vocabulary", "0xC0", "offset 1"}},
      {"Vocabulary: symbols out of order",
       [] {
         Vocabulary(TextUnit::byte, {7, 7});
       },
       Kind::value,
       {"Vocabulary", "symbol 7 at 1", "unchanged"}},
      {"Vocabulary: a symbol that is no byte",
       [] { Vocabulary(TextUnit::byte, {300}); },
       Kind::value,
       {"Vocabulary", "300", "byte"}},
      {"Vocabulary: a symbol that is half a character",
       [] { Vocabulary(TextUnit::code_point, {0xD800}); },
       Kind::value,
       {"Vocabulary", "55296", "code-point"}},
      {"encode: an unseen character",
       [] { abc.encode("ab\xC3\xA9\xC3\xBC", "the prime"); },
       Kind::value,
       {"\xC3\xBC", "U+00FC", "position 3", "the prime", "offset 4", "4 characters"}},
      {"encode: an unseen byte",
       [] { Vocabulary("ab", TextUnit::byte).encode("a\n"); },
       Kind::value,
       {"byte 0x0A", "position 1", "the text", "2 characters", "leave it out"}},
      {"encode: not UTF-8",
       [] { abc.encode("a\xC3", "the prime"); },
       Kind::value,
       {"the prime", "0xC3", "offset 1"}},
      {"decode: no such id", [] { abc.decode(4); }, Kind::value, {"decode", "4", "0 to 3"}},
      {"split_text: fraction out of range",
       [] { split_text(ids, 1.5); },
       Kind::value,
       {"split_text", "validation_fraction", "1.5"}},
      {"split_text: nothing to validate on",
       [] { split_text(ids, 0.01); },
       Kind::value,
       {"split_text", "0.01", "100 characters", "99", "1 to validate on", "longer text"}},
      {"TextStreams: no stream",
       [] { TextStreams(ids, {.batch_size = 0}); },
       Kind::value,
       {"TextStreams", "batch_size 0"}},
      {"TextStreams: no step",
       [] { TextStreams(ids, {.seq_len = 0}); },
       Kind::value,
       {"TextStreams", "seq_len 0"}},
      {"TextStreams: too short a text",
       [] { TextStreams(ids, {.batch_size = 10, .seq_len = 10}); },
       Kind::value,
       {"TextStreams", "100 characters", "batch_size 10", "seq_len 10", "110",
        "seq_len of at most 9"}},
      {"TextStreams: more streams than characters",
       [] { TextStreams(ids, {.batch_size = 64, .seq_len = 1}); },
       Kind::value,
       {"TextStreams", "128", "batch_size of at most 50"}},
      {"TextStreams: a position outside the text",
       [] {
         TextStreams(ids, {.batch_size = 1, .seq_len = 10}).set_position({0, 9});
       },
       Kind::value,
       {"TextStreams", "window 9", "0 to 8", "saved"}},
      {"TextScan: nothing to predict",
       [] { TextScan(std::span(ids).first(1)); },
       Kind::value,
       {"TextScan", "1 characters"}},
      {"TextScan: no such window",
       [] { TextScan(ids, {.batch_size = 1, .seq_len = 50}).window(2); },
       Kind::value,
       {"TextScan", "window 2", "0 to 1"}},
  };
}

}  // namespace misuse
