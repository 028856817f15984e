#pragma once
// Text to learn from, character by character. A text is its bytes; what one character of it is, a
// byte or a Unicode code point, is the vocabulary's business.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/core/shape.hpp>

namespace xgrad::datasets {

/// What counts as one character.
enum class TextUnit {
  byte,        ///< any file will do; a letter outside ASCII is several characters
  code_point,  ///< the file must be UTF-8
};

/// "byte" or "code-point", and back. The latter throws ValueError for another word.
const char* to_string(TextUnit unit);
TextUnit text_unit(std::string_view name);

struct Text {
  std::string name;    ///< "tinyshakespeare", or the name of the file
  std::string source;  ///< the file or files it was read from
  std::string bytes;
};

/// Reads a file whole, as it is. Throws IoError, naming it, if it is missing, a directory, not
/// readable or empty, or if `unit` is code_point and it is not UTF-8 (with the offset of the byte).
Text read_text(const std::filesystem::path& path, TextUnit unit = TextUnit::byte);

/// A file, or files, where text is looked for.
struct TextPlace {
  std::string what;  ///< "$XGRAD_DATA/tinyshakespeare", "the user's cache" ...
  std::vector<std::filesystem::path> files;
  bool found = false;  ///< one of them is there at least
};

/// The places that find_text looks in, in order: tinyshakespeare/input.txt in $XGRAD_DATA and in
/// the user's cache ($XDG_CACHE_HOME or ~/.cache, then xgrad); and what every Debian system has,
/// the licences in /usr/share/common-licenses: about 180 KB of English in ten texts, one edition of
/// each but for MPL. MPL-2.0 is the last, so that the tail, on which a model is validated, is a
/// text of its own and no near copy of what came before.
std::vector<TextPlace> text_places();

/// Reads `path`, if given; else the first of text_places() that is there. Logs which one it took.
/// Throws as read_text does, and IoError, naming the places, if there is nothing in any.
Text find_text(const std::optional<std::filesystem::path>& path = std::nullopt,
               TextUnit unit = TextUnit::byte);

/// The characters that a model knows, numbered in ascending order from 0.
class Vocabulary {
 public:
  /// Knows no character; encode() throws.
  Vocabulary() = default;

  /// The characters of a text. Take the whole text, not only the part to be trained on: a character
  /// that occurs in the rest alone needs a number too. Throws ValueError if the text is empty, or
  /// not UTF-8 where `unit` asks for it.
  Vocabulary(std::string_view text, TextUnit unit);

  /// From what unit() and symbols() once gave: all there is to store. Throws ValueError unless the
  /// symbols ascend and each is a byte or code point.
  Vocabulary(TextUnit unit, std::vector<std::uint32_t> symbols);

  TextUnit unit() const { return unit_; }
  /// Byte or code point of each id.
  const std::vector<std::uint32_t>& symbols() const { return symbols_; }
  Index size() const { return static_cast<Index>(symbols_.size()); }

  /// The id of each character. Throws ValueError for a character that is not in the vocabulary,
  /// naming `what` is encoded, the character and its position, and for text that is not UTF-8.
  std::vector<std::int32_t> encode(std::string_view text, std::string_view what = "the text") const;

  /// The text again: decode(encode(text)) == text. Throws ValueError for an id outside 0..size()-1.
  std::string decode(std::span<const std::int32_t> ids) const;
  /// The bytes of one character, for text that is shown as it comes.
  std::string decode(std::int32_t id) const { return decode(std::span(&id, 1)); }

  friend bool operator==(const Vocabulary&, const Vocabulary&) = default;

 private:
  TextUnit unit_ = TextUnit::byte;
  std::vector<std::uint32_t> symbols_;
};

/// A text to train on and the text after it to validate on.
struct TextSplit {
  std::span<const std::int32_t> train;
  std::span<const std::int32_t> validation;
};

/// Cuts in reading order: the first floor((1 - validation_fraction) * n) of the n characters are
/// for training, the tail is for validation. Refers to `ids`, copies nothing. Throws ValueError
/// unless 0 < validation_fraction < 1 and both parts have two characters at least.
TextSplit split_text(std::span<const std::int32_t> ids, double validation_fraction = 0.1);

}  // namespace xgrad::datasets
