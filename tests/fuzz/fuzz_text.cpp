// Text from a file to windows of numbers and back. The first byte says what a character is, and how
// the text is cut.

#include <datasets/text.hpp>
#include <datasets/text_streams.hpp>

#include <algorithm>

#include "fuzz.hpp"

using namespace xgrad;
using datasets::TextUnit;

namespace {

void check_window(const datasets::TextWindow& window, Index characters) {
  Index predictions = 0;
  for (const std::int32_t id : window.ids)
    fuzz::require(id >= 0 && id < characters, "an id outside the vocabulary");
  for (const std::int32_t target : window.targets) {
    if (target == datasets::TextWindow::ignored) continue;
    ++predictions;
    fuzz::require(target >= 0 && target < characters, "a target outside the vocabulary");
  }
  fuzz::require(predictions == window.predictions, "another number of predictions");
}

void read(const std::filesystem::path& path, TextUnit unit, std::uint8_t choice) {
  const datasets::Text text = datasets::read_text(path, unit);
  const datasets::Vocabulary vocabulary(text.bytes, unit);
  fuzz::require(datasets::Vocabulary(unit, vocabulary.symbols()) == vocabulary,
                "a vocabulary that is not what its symbols make");
  const auto ids = vocabulary.encode(text.bytes);
  fuzz::require(vocabulary.decode(ids) == text.bytes, "a text that does not come back");
  const datasets::TextStreamOptions options{.batch_size = 1 + choice / 2 % 8,
                                            .seq_len = 1 + choice / 16};
  datasets::TextScan scan(ids, options);
  Index predictions = 0;
  for (Index i = 0; i < scan.windows(); ++i) {
    check_window(scan.window(i), vocabulary.size());
    predictions += scan.window(i).predictions;
  }
  fuzz::require(predictions == scan.predictions(), "characters that are not scanned once");
  datasets::TextStreams streams(datasets::split_text(ids, 0.25).train, options);
  for (Index i = 0; i <= std::min<Index>(streams.windows_per_epoch(), 20); ++i)
    check_window(streams.next(), vocabulary.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile file;
  if (size == 0) return 0;
  file.write({data + 1, size - 1});
  const auto unit = data[0] % 2 == 0 ? TextUnit::byte : TextUnit::code_point;
  // An id takes 4 bytes, a node of the set of characters 64, a window two ids for each of its
  // steps.
  const fuzz::MemoryLimit limit(200'000 + 100 * size);
  fuzz::succeeds([&] { read(file.path(), unit, data[0]); });
  return 0;
}
