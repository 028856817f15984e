#include <boost/test/unit_test.hpp>

#include <xgrad/core/error.hpp>
#include <xgrad/io/npy.hpp>

#include <cstring>
#include <limits>

#include "damaged.hpp"
#include "temporary_folder.hpp"

using namespace xgrad;

namespace {

// A file by the format's grammar, from its header and data.
std::string file_of(const std::string& header, const std::string& data = "", char version = 1) {
  std::string file = "\x93NUMPY";
  file += {version, '\0'};
  for (std::size_t k = 0; k < (version == 1 ? 2u : 4u); ++k)
    file += static_cast<char>(header.size() >> 8 * k & 0xff);
  return file + header + data;
}

std::string dictionary(const std::string& descr, const std::string& shape,
                       const char* fortran_order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran_order + ", 'shape': " + shape +
         ", }   \n";
}

template <class U>
std::string bytes_of(std::initializer_list<U> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(U)};
}

template <class T>
std::vector<T> list(const Tensor<T>& tensor) {
  const std::span<const T> values = tensor.values();
  return {values.begin(), values.end()};
}

Tensor<double> load(const std::string& content) {
  const TemporaryFolder folder;
  write_file(folder / "a.npy", content);
  return io::load_npy<double>(folder / "a.npy");
}

io::IntegerArray load_integers(const std::string& content) {
  const TemporaryFolder folder;
  write_file(folder / "a.npy", content);
  return io::load_npy_integers(folder / "a.npy");
}

// Reading `content` throws an IoError that names the file and these parts.
template <class F>
void check_error(F read, const std::string& content, std::initializer_list<const char*> parts) {
  try {
    read(content);
  } catch (const IoError& error) {
    const std::string message = error.what();
    BOOST_TEST(message.find("a.npy") != message.npos, "the file is not named: " << message);
    BOOST_TEST(message.size() < 500u);
    for (const char* part : parts)
      BOOST_TEST(message.find(part) != message.npos, part << " is not in: " << message);
    return;
  }
  BOOST_ERROR("nothing was thrown");
}

void check_error(const std::string& content, std::initializer_list<const char*> parts) {
  check_error(load, content, parts);
}

void check_values(const std::string& content, std::vector<double> expected) {
  BOOST_TEST(list(load(content)) == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(io_npy)

BOOST_AUTO_TEST_CASE(what_is_saved_is_loaded) {
  const TemporaryFolder folder;
  const auto check = [&]<class T>(T) {
    using limits = std::numeric_limits<T>;
    const T edge[] = {limits::quiet_NaN(),  limits::infinity(), -T(0),
                      limits::denorm_min(), limits::max(),      limits::lowest()};
    for (const Tensor<T>& tensor :
         {Tensor<T>::from(edge, {3, 1, 2}), Tensor<T>::full(Shape{}, T(7)), Tensor<T>({0, 3}),
          Tensor<T>::from(edge, {6}), Tensor<T>({1, 1, 1, 1, 1, 1, 1, 1000})}) {
      io::save_npy(folder / "a", tensor);
      const Tensor<T> loaded = io::load_npy<T>(folder / "a");
      BOOST_TEST((loaded.shape() == tensor.shape()));
      BOOST_TEST(std::memcmp(std::as_const(loaded).data(), std::as_const(tensor).data(),
                             static_cast<std::size_t>(tensor.size()) * sizeof(T)) == 0);
      BOOST_TEST(read_file(folder / "a").find('\n') % 64 == 63u);
    }
  };
  check(float{});
  check(double{});
  const std::vector<std::int32_t> labels{3, -1, 2147483647};
  io::save_npy(folder / "labels", labels);
  const io::IntegerArray loaded = io::load_npy_integers(folder / "labels");
  BOOST_TEST(loaded.values == labels, boost::test_tools::per_element());
  BOOST_TEST((loaded.shape == Shape{3}));
}

BOOST_AUTO_TEST_CASE(every_type_of_number_is_converted) {
  check_values(file_of(dictionary("<f4", "(2,)"), bytes_of<float>({0.5f, -2})), {0.5, -2});
  check_values(file_of(dictionary("<f2", "(2,)"), bytes_of<std::uint16_t>({0x3c00, 0xc000})),
               {1, -2});
  check_values(file_of(dictionary("|b1", "(2,)"), bytes_of<std::uint8_t>({0, 1})), {0, 1});
  check_values(file_of(dictionary("|u1", "(2,)"), bytes_of<std::uint8_t>({0, 255})), {0, 255});
  check_values(file_of(dictionary("|i1", "(2,)"), bytes_of<std::int8_t>({-128, 127})), {-128, 127});
  check_values(file_of(dictionary("<u2", "(1,)"), bytes_of<std::uint16_t>({65535})), {65535});
  check_values(file_of(dictionary("<i2", "(1,)"), bytes_of<std::int16_t>({-32768})), {-32768});
  check_values(file_of(dictionary("<u4", "(1,)"), bytes_of<std::uint32_t>({4294967295})),
               {4294967295});
  check_values(file_of(dictionary("<i4", "(1,)"), bytes_of<std::int32_t>({-7})), {-7});
  check_values(file_of(dictionary("<i8", "()"), bytes_of<std::int64_t>({-(1LL << 40)})),
               {-static_cast<double>(1LL << 40)});
  check_values(file_of(dictionary("<u8", "()"), bytes_of<std::uint64_t>({1ULL << 63})),
               {static_cast<double>(1ULL << 63)});
  // The other order of bytes.
  check_values(file_of(dictionary(">i4", "(2,)"), std::string("\0\0\1\2\xff\xff\xff\xfe", 8)),
               {258, -2});
  check_values(file_of(dictionary(">f8", "(1,)"), std::string("\x3f\xf8\0\0\0\0\0\0", 8)), {1.5});

  const auto integers = load_integers(
      file_of(dictionary("<i8", "(2,1)"), bytes_of<std::int64_t>({-2147483648, 2147483647})));
  BOOST_TEST((integers.shape == Shape{2, 1}));
  BOOST_TEST(integers.values == (std::vector<std::int32_t>{-2147483648, 2147483647}),
             boost::test_tools::per_element());
  check_error(load_integers,
              file_of(dictionary("<i8", "(2,)"), bytes_of<std::int64_t>({0, 2147483648})),
              {"number 1", "32 bits"});
  check_error(load_integers, file_of(dictionary("<f8", "(1,)"), bytes_of<double>({1})),
              {"<f8", "integers"});
}

BOOST_AUTO_TEST_CASE(fortran_order_becomes_row_major) {
  // x[i][j][k] = 100 i + 10 j + k, i fastest.
  const std::string data =
      bytes_of<std::int16_t>({0, 100, 10, 110, 20, 120, 1, 101, 11, 111, 21, 121});
  const std::string file = file_of(dictionary("<i2", "(2, 3, 2)", "True"), data);
  check_values(file, {0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121});
  BOOST_TEST((load(file).shape() == Shape{2, 3, 2}));
  BOOST_TEST(load_integers(file).values ==
                 (std::vector<std::int32_t>{0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121}),
             boost::test_tools::per_element());
  check_values(file_of(dictionary("<i2", "()", "True"), data.substr(0, 2)), {0});
  check_values(file_of(dictionary("<i2", "(3, 0)", "True")), {});
}

BOOST_AUTO_TEST_CASE(headers_are_read_as_python_writes_them) {
  const std::string data = bytes_of<float>({1, 2, 3, 4, 5, 6});
  for (const char version : {'\1', '\2', '\3'})
    BOOST_TEST((load(file_of(dictionary("<f4", "(2, 3)"), data, version)).shape() == Shape{2, 3}));
  for (const char* header :
       {"{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
        " { 'fortran_order' : False , 'descr' : '<f4' , 'shape' : ( 2 , 3 , ) }\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }"})
    BOOST_TEST((load(file_of(header, data)).shape() == Shape{2, 3}));
}

BOOST_AUTO_TEST_CASE(every_rule_of_the_format_is_checked) {
  const std::string four = bytes_of<float>({1});
  check_error("", {"NumPy"});
  check_error("PK\3\4", {"NumPy", "another kind"});
  check_error("\x93NUMPY\1", {"NumPy"});
  check_error(file_of(dictionary("<f4", "(1,)"), four, 4), {"4.0", "1.0"});
  check_error(std::string("\x93NUMPY\1\1\2\0{}", 12), {"1.1"});
  check_error(std::string("\x93NUMPY\2\0\2\0", 10), {"cut off"});
  check_error(std::string("\x93NUMPY\2\0\xff\xff\xff\xff{}", 14), {"4294967295", "cut off"});
  check_error(file_of(dictionary("<f4", "(1,)") + std::string(70'000, ' '), four, 2), {"70"});
  check_error(file_of(""), {"'{'"});
  check_error(file_of("{}"), {"descr"});
  check_error(file_of("{'descr': '<f4', 'fortran_order': False}", four), {"'shape'"});
  check_error(file_of(dictionary("<f4", "(1,)") + "x", four), {"nothing more"});
  check_error(file_of("{'descr': '<f4', 'descr': '<f4'}", four), {"'descr'", "twice"});
  check_error(file_of("{'shape': (1,), 'size': 3}", four), {"'size'"});
  check_error(file_of(dictionary("<f4", "(1,)", "0"), four), {"True or False"});
  check_error(file_of("{'descr': [('a', '<f4')], "), {"[('a'", "type"});
  for (const char* descr : {"|O", "<c8", "<U4", "|S1", "<f16", "|f4", "f4", "", "<V4", "=f4"})
    check_error(file_of(dictionary(descr, "(1,)"), four), {descr, "astype"});
  for (const char* shape : {"(1)", "(,)", "(1,,)", "(-1,)", "(1.0,)", "1", "[1]", "(1,", "(1 1)",
                            "(99999999999999999999,)", "(x,)"})
    check_error(file_of(dictionary("<f4", shape), four), {"expected"});
  check_error(file_of(dictionary("<f4", "(1,1,1,1,1,1,1,1,1)"), four), {"8 axes"});
  check_error(file_of(dictionary("<f4", "(4611686018427387904, 4)"), four), {"larger"});
  check_error(file_of(dictionary("|u1", "(9223372036854775807, 2, 0)")), {"larger"});
  check_error(file_of(dictionary("<f4", "(2,)"), four), {"found 4", "expected 8", "cut off"});
  check_error(file_of(dictionary("<f4", "(9223372036854775,)"), four), {"cut off"});
  check_error(file_of(dictionary("<f4", "()"), four + four), {"too long"});
}

// Whatever the bytes, the answer is a tensor or an IoError.
BOOST_AUTO_TEST_CASE(garbage_is_an_error_and_nothing_worse) {
  const std::string whole =
      file_of(dictionary("<i2", "(2, 3)", "True"), bytes_of<std::int16_t>({1, 2, 3, 4, 5, 6}));
  for (std::size_t length = 0; length < whole.size(); ++length)
    check_error(whole.substr(0, length), {});
  read_damaged(whole, 2, [](const auto& path) { io::load_npy(path); });
}

BOOST_AUTO_TEST_SUITE_END()
