#include <xgrad/core/error.hpp>
#include <xgrad/io/npy_format.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace xgrad::io {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t alignment = 64;

[[noreturn]] void fail(const std::string& source, const std::string& what) {
  throw IoError(fmt::format("{}: {}", source, what));
}

// The three entries of the dictionary, as far as they have been seen.
struct Fields {
  std::optional<std::string> descr{};
  std::optional<bool> fortran_order{};
  std::optional<std::vector<Index>> shape{};
};

// Reads the little of Python's syntax that such headers are written in. Nothing is evaluated.
class DictionaryParser {
 public:
  DictionaryParser(const std::string& source, std::string_view text)
      : source_(source), text_(text) {}

  Fields parse() {
    Fields fields;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted("a key");
      expect(':');
      bool is_new = false;
      if (key == "descr")
        is_new = !std::exchange(fields.descr, quoted("the type of numbers, as '<f4'"));
      else if (key == "fortran_order")
        is_new = !std::exchange(fields.fortran_order, boolean());
      else if (key == "shape")
        is_new = !std::exchange(fields.shape, tuple());
      else
        fail(source_,
             fmt::format("the header has a '{}', expected descr, fortran_order and shape", key));
      if (!is_new) fail(source_, fmt::format("the header has '{}' twice", key));
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!text_.empty()) unexpected("nothing more");
    if (!fields.descr || !fields.fortran_order || !fields.shape)
      fail(source_, fmt::format("the header has no '{}': write the file again",
                                !fields.descr           ? "descr"
                                : !fields.fortran_order ? "fortran_order"
                                                        : "shape"));
    return fields;
  }

 private:
  [[noreturn]] void unexpected(std::string_view expected) const {
    fail(source_, fmt::format("the header is no NumPy one: found '{}', expected {}",
                              text_.substr(0, 30), expected));
  }

  void skip_space() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size()));
  }
  bool accept(char c) {
    skip_space();
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) unexpected(fmt::format("'{}'", c));
  }

  // A text without escapes: the names of types and entries have none.
  std::string quoted(std::string_view what) {
    skip_space();
    if (!text_.starts_with('\'') && !text_.starts_with('"')) unexpected(what);
    const std::size_t end = text_.find(text_.front(), 1);
    if (end == text_.npos || end > 100) unexpected(what);
    const std::string result(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return result;
  }

  bool boolean() {
    skip_space();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return value;
    }
    unexpected("True or False");
  }

  // "()", "(2,)", "(2, 3)"; without its comma "(2)" is a number.
  std::vector<Index> tuple() {
    std::vector<Index> result;
    expect('(');
    while (!accept(')')) {
      skip_space();
      Index extent = 0;
      const char* const begin = text_.data();
      const auto [end, error] = std::from_chars(begin, begin + text_.size(), extent);
      if (error != std::errc() || extent < 0) unexpected("an extent");
      if (result.size() == Shape::max_rank)
        fail(source_,
             fmt::format("the shape has more than {} axes: reshape the array", Shape::max_rank));
      result.push_back(extent);
      text_.remove_prefix(static_cast<std::size_t>(end - begin));
      if (text_.starts_with('L')) text_.remove_prefix(1);  // as Python 2 wrote long numbers
      if (accept(',')) continue;
      if (result.size() == 1) unexpected("','");
      expect(')');
      break;
    }
    return result;
  }

  const std::string& source_;
  std::string_view text_;
};

std::optional<NumberType> number_type(std::string_view name) {
  constexpr std::pair<std::string_view, NumberType> all[] = {
      {"f4", NumberType::f32}, {"f8", NumberType::f64}, {"f2", NumberType::f16},
      {"b1", NumberType::u8},  {"u1", NumberType::u8},  {"i1", NumberType::i8},
      {"u2", NumberType::u16}, {"i2", NumberType::i16}, {"u4", NumberType::u32},
      {"i4", NumberType::i32}, {"u8", NumberType::u64}, {"i8", NumberType::i64}};
  for (const auto& [known, type] : all)
    if (known == name) return type;
  return std::nullopt;
}

// '<f4': the order of bytes, the kind of number, its bytes. One byte has no order: '|'.
void parse_descr(const std::string& source, NpyHeader& header) {
  const std::string_view descr = header.descr;
  const auto type = descr.empty() ? std::nullopt : number_type(descr.substr(1));
  const bool has_order = descr.starts_with('<') || descr.starts_with('>');
  if (!type || !(has_order || (descr.starts_with('|') && bytes_of(*type) == 1)))
    fail(source, fmt::format("the numbers are '{}', expected floating-point ones, integers or "
                             "booleans: convert them, as with x.astype('<f4')",
                             descr));
  header.type = *type;
  header.big_endian = descr.starts_with('>');
}

// Rearranges numbers whose first axis runs fastest into row-major order.
template <class T>
void from_fortran_order(const Shape& shape, const T* from, std::span<T> to) {
  std::array<Index, Shape::max_rank> stride{}, at{};
  Index elements = 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    stride[static_cast<std::size_t>(axis)] = elements;
    elements *= shape[axis];
  }
  for (T& value : to) {
    value = *from;
    // Counts up, the last axis first, as an odometer does.
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      from += stride[axis];
      if (++at[axis] < shape.begin()[axis]) break;
      from -= stride[axis] * std::exchange(at[axis], 0);
    }
  }
}

}  // namespace

NpyHeader parse_npy_header(const std::string& source, std::span<const std::byte> beginning,
                           std::size_t total_bytes) {
  const std::string_view text(reinterpret_cast<const char*>(beginning.data()), beginning.size());
  if (!text.starts_with(magic) || text.size() < magic.size() + 4)
    fail(source, "does not begin as NumPy's files do: is this another kind of file?");
  const auto byte = [&](std::size_t i) { return std::to_integer<std::size_t>(beginning[i]); };
  const std::size_t version = byte(magic.size());
  if (version < 1 || version > 3 || byte(magic.size() + 1) != 0)
    fail(source, fmt::format("is in version {}.{} of NumPy's format, expected 1.0, 2.0 or 3.0",
                             version, byte(magic.size() + 1)));
  const std::size_t length_at = magic.size() + 2, length_bytes = version == 1 ? 2 : 4;
  std::size_t length = 0;
  if (text.size() < length_at + length_bytes) fail(source, "is cut off in its header");
  for (std::size_t i = length_bytes; i-- > 0;) length = length << 8 | byte(length_at + i);
  NpyHeader header;
  header.header_bytes = length_at + length_bytes + length;
  if (header.header_bytes > text.size() || header.header_bytes > max_npy_header_bytes)
    fail(source, fmt::format("the header is said to take {} bytes, expected at most {}: is the "
                             "file cut off?",
                             length, std::min(text.size(), max_npy_header_bytes)));
  Fields fields = DictionaryParser(source, text.substr(length_at + length_bytes, length)).parse();
  header.descr = std::move(*fields.descr);
  parse_descr(source, header);
  header.fortran_order = *fields.fortran_order;
  header.shape = Shape(std::span<const Index>(*fields.shape));

  Index bytes = static_cast<Index>(bytes_of(header.type));
  for (const Index extent : header.shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes))
      fail(source, fmt::format("the shape {} is larger than any memory: write the file again",
                               header.shape.to_string()));
  header.data_bytes = static_cast<std::size_t>(bytes);
  const std::size_t found = total_bytes - header.header_bytes;
  if (found != header.data_bytes)
    fail(source, fmt::format("found {} bytes of data, expected {} for '{}' of shape {}: the file "
                             "is {}",
                             found, header.data_bytes, header.descr, header.shape.to_string(),
                             found < header.data_bytes ? "cut off" : "too long"));
  return header;
}

template <class T>
Tensor<T> npy_tensor(const NpyHeader& header, std::span<const std::byte> array) {
  const auto data = array.subspan(header.header_bytes, header.data_bytes);
  Tensor<T> tensor = Tensor<T>::empty(header.shape);
  read_numbers(data, header.type, header.big_endian, tensor.data());
  if (!header.fortran_order) return tensor;
  Tensor<T> turned = Tensor<T>::empty(header.shape);
  from_fortran_order(header.shape, std::as_const(tensor).data(), turned.values());
  return turned;
}

IntegerArray npy_integers(const std::string& source, const NpyHeader& header,
                          std::span<const std::byte> array) {
  if (!is_integer(header.type))
    fail(source, fmt::format("the numbers are '{}', expected integers: read them as a tensor, or "
                             "convert them, as with x.astype('<i4')",
                             header.descr));
  const auto data = array.subspan(header.header_bytes, header.data_bytes);
  const std::size_t bytes = bytes_of(header.type);
  std::vector<std::int32_t> values(data.size() / bytes);
  const std::byte* const wrong = read_integers(data, header.type, header.big_endian, values.data());
  if (wrong)
    fail(source, fmt::format("number {} of the file does not fit into 32 bits: read the array as "
                             "a tensor",
                             static_cast<std::size_t>(wrong - data.data()) / bytes));
  if (!header.fortran_order) return {std::move(values), header.shape};
  std::vector<std::int32_t> turned(values.size());
  from_fortran_order(header.shape, values.data(), std::span(turned));
  return {std::move(turned), header.shape};
}

std::string format_npy_header(const std::string& descr, const Shape& shape) {
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", descr,
                  fmt::join(shape.begin(), shape.end(), ", "), shape.rank() == 1 ? "," : "");
  const std::size_t before = magic.size() + 4;
  const std::size_t total = (before + text.size() + 1 + alignment - 1) / alignment * alignment;
  text.resize(total - before - 1, ' ');
  text += '\n';
  std::string header(magic);
  header += {'\1', '\0'};
  header += {static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return header + text;
}

template Tensor<float> npy_tensor(const NpyHeader&, std::span<const std::byte>);
template Tensor<double> npy_tensor(const NpyHeader&, std::span<const std::byte>);

}  // namespace xgrad::io
