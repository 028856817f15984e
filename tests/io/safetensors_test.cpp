#include <boost/test/unit_test.hpp>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/io/safetensors.hpp>

#include <sys/stat.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "damaged.hpp"
#include "temporary_folder.hpp"

using namespace xgrad;

namespace {

// A file by the format's grammar, from its header and data.
std::string file_of(const std::string& header, const std::string& data = "") {
  std::string file;
  for (std::size_t k = 0; k < 8; ++k) file += static_cast<char>(header.size() >> 8 * k & 0xff);
  return file + header + data;
}

template <class U>
std::string bytes_of(std::initializer_list<U> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(U)};
}

template <class T>
bool same(const StateDict<T>& a, const StateDict<T>& b) {
  if (a.size() != b.size()) return false;
  for (auto x = a.begin(), y = b.begin(); x != a.end(); ++x, ++y)
    if (x->first != y->first || x->second.shape() != y->second.shape() ||
        std::memcmp(std::as_const(x->second).data(), std::as_const(y->second).data(),
                    static_cast<std::size_t>(x->second.size()) * sizeof(T)) != 0)
      return false;
  return true;
}

template <class T>
StateDict<T> some_state() {
  using limits = std::numeric_limits<T>;
  StateDict<T> state;
  state["conv.weight"] = Tensor<T>::from({1, 2, 3, 4, 5, 6}, {2, 1, 3});
  state["scalar"] = Tensor<T>::full(Shape{}, T(7));
  state["empty"] = Tensor<T>({0, 3});
  state["odd \"name\" \xc3\xa4"] = Tensor<T>::from(
      {limits::quiet_NaN(), limits::infinity(), -T(0), limits::denorm_min(), limits::max()}, {5});
  return state;
}

// Loads `content` and returns the message of the IoError that this must throw.
std::string error_of(const std::string& content) {
  const TemporaryFolder folder;
  write_file(folder / "bad.safetensors", content);
  try {
    io::load_safetensors<float>(folder / "bad.safetensors");
  } catch (const IoError& error) {
    const std::string message = error.what();
    BOOST_TEST(message.find("bad.safetensors") != message.npos,
               "the file is not named: " << message);
    return message;
  }
  BOOST_ERROR("nothing was thrown");
  return "";
}

void check_error(const std::string& content, std::initializer_list<const char*> parts) {
  const std::string message = error_of(content);
  for (const char* part : parts)
    BOOST_TEST(message.find(part) != message.npos, part << " is not in: " << message);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(io_safetensors)

BOOST_AUTO_TEST_CASE(what_is_saved_is_loaded) {
  const TemporaryFolder folder;
  const auto check = [&]<class T>(const StateDict<T>& state) {
    io::save_safetensors(folder / "a", state, {{"step", "12"}, {"note", "\xc3\xa4 \"b\"\n"}});
    BOOST_TEST(same(io::load_safetensors<T>(folder / "a"), state));
    const auto metadata = io::load_safetensors_metadata(folder / "a");
    BOOST_TEST(metadata.size() == 2u);
    BOOST_TEST(metadata.at("note") == "\xc3\xa4 \"b\"\n");
  };
  check(some_state<float>());
  check(some_state<double>());
  check(StateDict<float>());
}

BOOST_AUTO_TEST_CASE(the_bytes_are_those_of_the_format) {
  const TemporaryFolder folder;
  const StateDict<float> state{{"b", Tensor<float>::from({1, 2}, {1, 2})},
                               {"a", Tensor<float>::full(Shape{}, 3)}};
  io::save_safetensors(folder / "f", state);
  std::string header = R"({"a":{"data_offsets":[0,4],"dtype":"F32","shape":[]},)"
                       R"("b":{"data_offsets":[4,12],"dtype":"F32","shape":[1,2]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  BOOST_TEST((read_file(folder / "f") == file_of(header, bytes_of<float>({3, 1, 2}))));
}

// In any order of keys and of data, as other programs write it, and converted.
BOOST_AUTO_TEST_CASE(other_programs_files_are_read) {
  const TemporaryFolder folder;
  write_file(folder / "f",
             file_of(R"({"w": {"shape":[2], "dtype":"F64", "data_offsets":[8,24]},)"
                     R"( "__metadata__":{"format":"pt"},)"
                     R"( "n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                     R"( "v":{"dtype":"F32","shape":[1,1],"data_offsets":[24,28]}}   )",
                     bytes_of<std::int64_t>({938}) + bytes_of<double>({0.1, -2}) +
                         bytes_of<float>({0.5f})));
  const auto state = io::load_safetensors<float>(folder / "f");
  BOOST_TEST(state.size() == 3u);
  BOOST_TEST(state.at("w").values()[0] == 0.1f);
  BOOST_TEST(state.at("w").values()[1] == -2.0f);
  BOOST_TEST(state.at("n").item() == 938.0f);
  BOOST_TEST((state.at("n").shape() == Shape{}));
  const auto wide = io::load_safetensors<double>(folder / "f");
  BOOST_TEST(wide.at("w").values()[0] == 0.1);
  BOOST_TEST((wide.at("v").shape() == Shape{1, 1}));
}

BOOST_AUTO_TEST_CASE(half_precision_is_converted) {
  const TemporaryFolder folder;
  write_file(folder / "f",
             file_of(R"({"h":{"dtype":"F16","shape":[8],"data_offsets":[0,16]},)"
                     R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]}})",
                     bytes_of<std::uint16_t>({0x3c00, 0xc000, 0x3555, 0x7bff, 0x0001, 0x83ff,
                                              0xfc00, 0x8000, 0x3f80, 0xc049, 0x0001, 0x7f80})));
  const auto check = [&]<class T>(T) {
    const auto state = io::load_safetensors<T>(folder / "f");
    // 1, -2, about 1/3, the largest, the least denormal, the largest negative one, -inf, -0
    const double halves[] = {1,
                             -2,
                             0.333251953125,
                             65504,
                             std::ldexp(1, -24),
                             -std::ldexp(1023, -24),
                             -std::numeric_limits<double>::infinity(),
                             -0.0};
    for (std::size_t i = 0; i < 8; ++i)
      BOOST_TEST(static_cast<double>(state.at("h").values()[i]) == halves[i]);
    BOOST_TEST(std::signbit(state.at("h").values()[7]));
    const double others[] = {1, -3.140625, std::ldexp(1, -133),
                             std::numeric_limits<double>::infinity()};
    for (std::size_t i = 0; i < 4; ++i)
      BOOST_TEST(static_cast<double>(state.at("b").values()[i]) == others[i]);
  };
  check(float{});
  check(double{});
}

// As Python's safe_open: what is not asked for is not read, and may be of any dtype.
BOOST_AUTO_TEST_CASE(one_tensor_is_read_from_an_open_file) {
  const TemporaryFolder folder;
  write_file(folder / "f", file_of(R"({"__metadata__":{"format":"pt"},)"
                                   R"("w":{"dtype":"F32","shape":[1,2],"data_offsets":[3,11]},)"
                                   R"("mask":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}  )",
                                   "abc" + bytes_of<float>({0.5f, -2})));  // w is not aligned
  const io::SafetensorsFile file(folder / "f");
  BOOST_TEST(file.names() == (std::vector<std::string>{"mask", "w"}),
             boost::test_tools::per_element());
  BOOST_TEST(file.contains("w"));
  BOOST_TEST(!file.contains("v"));
  BOOST_TEST(file.dtype("mask") == "BOOL");
  BOOST_TEST((file.shape("mask") == Shape{3}));
  BOOST_TEST(file.metadata().at("format") == "pt");
  BOOST_TEST(file.tensor<double>("w").values()[1] == -2.0);
  BOOST_CHECK_THROW(file.tensor("mask"), IoError);
  BOOST_CHECK_THROW(file.tensor("v"), ValueError);
  BOOST_CHECK_THROW(file.shape("v"), ValueError);
  BOOST_CHECK_THROW(file.tensors(), IoError);
}

// A mapping shows the file that was opened, whatever has its name now.
BOOST_AUTO_TEST_CASE(a_file_may_be_replaced_while_it_is_open) {
  const TemporaryFolder folder;
  io::save_safetensors<float>(folder / "f", {{"w", Tensor<float>::full({100'000}, 1)}});
  const io::SafetensorsFile file(folder / "f");
  io::save_safetensors<float>(folder / "f", {{"w", Tensor<float>::full({1}, 2)}});
  BOOST_TEST(file.tensor("w").values()[99'999] == 1.0f);
  BOOST_TEST(io::load_safetensors(folder / "f").at("w").item() == 2.0f);
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_an_error) {
  const TemporaryFolder folder;
  write_file(folder / "empty", "");
  BOOST_CHECK_THROW(io::load_safetensors(folder / "empty"), IoError);
  BOOST_CHECK_THROW(io::load_safetensors(folder.path()), IoError);
  BOOST_CHECK_THROW(io::load_safetensors(folder / "none"), IoError);
  // Opening a pipe that nobody writes to must not wait.
  BOOST_REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  BOOST_CHECK_THROW(io::load_safetensors(folder / "pipe"), IoError);
}

BOOST_AUTO_TEST_CASE(a_conversion_of_many_numbers_is_complete) {
  const TemporaryFolder folder;
  const StateDict<double> state{{"x", Tensor<double>(Shape{5000})}};
  RandomStream random(1, "safetensors test");
  Tensor<double> x = state.at("x");
  for (double& value : x.values()) value = random.uniform();
  io::save_safetensors(folder / "f", state);
  const auto narrow = io::load_safetensors<float>(folder / "f").at("x");
  for (std::size_t i = 0; i < 5000; ++i)
    BOOST_TEST(narrow.values()[i] == static_cast<float>(x.values()[i]));
}

BOOST_AUTO_TEST_CASE(a_file_cut_off_anywhere_is_an_error) {
  const TemporaryFolder folder;
  io::save_safetensors(folder / "f", some_state<float>());
  const std::string whole = read_file(folder / "f");
  for (std::size_t length = 0; length < whole.size(); ++length) error_of(whole.substr(0, length));
  check_error(whole + '\0', {"too long"});
}

// Whatever the bytes, the answer is tensors or an IoError.
BOOST_AUTO_TEST_CASE(garbage_is_an_error_and_nothing_worse) {
  const TemporaryFolder folder;
  io::save_safetensors(folder / "f", some_state<float>());
  const std::string whole = read_file(folder / "f");
  read_damaged(whole, 3, [](const auto& path) { io::load_safetensors<float>(path); });
}

BOOST_AUTO_TEST_CASE(every_rule_of_the_header_is_checked) {
  const std::string four(4, '\0');
  const auto one = [](const char* dtype, const char* shape, const char* offsets) {
    return std::string(R"({"w":{"dtype":)") + dtype + R"(,"shape":)" + shape +
           R"(,"data_offsets":)" + offsets + "}}";
  };
  check_error(file_of(R"({"w":)"), {"not JSON"});
  check_error(file_of("[]"), {"begin with '{'"});
  check_error(file_of(" {}"), {"begin with '{'"});
  check_error(file_of("\xef\xbb\xbf{}"), {"begin with '{'"});
  check_error(file_of(""), {"begin with '{'"});
  check_error(file_of("{}{}"), {"not JSON"});
  check_error(file_of(std::string("{}\0{", 4)), {"not JSON", "zero byte"});
  check_error(file_of("{\"\xff\":1}"), {"not JSON", "UTF-8"});
  check_error(file_of(R"({"w":1})"), {"w", "expected an object"});
  check_error(file_of(R"({"w":{"dtype":"F32","shape":[]}})"), {"w", "data_offsets"});
  check_error(file_of(R"({"w":{"shape":[],"data_offsets":[0,4]}})", four), {"w", "dtype"});
  check_error(file_of(R"({"__metadata__":{"epoch":3}})"), {"__metadata__", "epoch", "3"});
  check_error(file_of(R"({"__metadata__":[]})"), {"__metadata__"});
  check_error(file_of(R"({"__metadata__":null})"), {"__metadata__", "null"});
  check_error(file_of(R"({"__metadata__":{"a":{"b":"c"}}})"), {"__metadata__", "a", "an object"});
  check_error(file_of(R"({"__metadata__":{"a":"1","a":"2"}})"), {"__metadata__", "\"a\"", "twice"});
  check_error(file_of(R"({"__metadata__":{},"__metadata__":{}})"), {"\"__metadata__\"", "twice"});
  check_error(file_of(one(R"("I32")", "[1]", "[0,4]"), four), {"w", "I32", "F32", "BF16"});
  check_error(file_of(one(R"("BOOL")", "[2,2]", "[0,4]"), four), {"w", "BOOL", "[2, 2]"});
  check_error(file_of(one(R"("F4")", "[8]", "[0,4]"), four), {"w", "F4"});
  check_error(file_of(R"({"w":{"dtype":"F32","dtype":"F32"}})"), {"w", "dtype", "twice"});
  check_error(file_of(R"({"w":{"dtype":"F32","offsets":[0,4]}})"), {"w", "\"offsets\""});
  check_error(file_of(one("3", "[1]", "[0,4]"), four), {"w", "dtype", "3"});
  check_error(file_of(one(R"("I64")", "[2]", "[0,16]"), std::string(16, '\0')),
              {"w", "I64", "[2]"});
  check_error(file_of(one(R"("F32")", "[-1]", "[0,4]"), four), {"w", "-1"});
  check_error(file_of(one(R"("F32")", "[1.5]", "[0,4]"), four), {"w", "1.5"});
  check_error(file_of(one(R"("F32")", "4", "[0,4]"), four), {"w", "shape"});
  check_error(file_of(one(R"("F32")", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), four),
              {"w", "more than 8 axes"});
  check_error(file_of(one(R"("F32")", "[4611686018427387904,4]", "[0,0]")), {"w", "larger"});
  check_error(file_of(one(R"("F32")", "[1,18446744073709551616]", "[0,0]")),
              {"w", "shape", "18446744073709551616"});
  check_error(file_of(one(R"("F32")", "[2]", "[0,4]"), four), {"w", "4 bytes", "expected 8"});
  check_error(file_of(one(R"("U8")", "[9223372036854775807,2,0]", "[0,0]")), {"w", "larger"});
  check_error(file_of(one(R"("F32")", "[1]", "[4,0]"), four), {"w", "[4,0]"});
  check_error(file_of(one(R"("F32")", "[1]", "[0]"), four), {"w", "[0]"});
  check_error(file_of(one(R"("F32")", "[1]", "[0,4,8]"), four), {"w", "data_offsets", "8"});
  check_error(file_of(one(R"("F32")", "[1]", R"("04")"), four), {"w", "data_offsets"});
  check_error(file_of(one(R"("F32")", "[1]", "[4,8]"), four + four), {"w", "hole"});
  check_error(file_of(one(R"("F32")", "[1]", "[0,4]")), {"4 bytes", "found 0", "cut off"});
  check_error(file_of(one(R"("F32")", "[[1]]", "[0,4]"), four), {"w", "shape", "a list"});
  check_error(file_of(one(R"({"a":1})", "[1]", "[0,4]"), four), {"w", "dtype", "an object"});

  const auto two = [&](const char* second, const char* offsets) {
    return std::string(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},")") + second +
           R"(":{"dtype":"F32","shape":[1],"data_offsets":)" + offsets + "}}";
  };
  check_error(file_of(two("b", "[0,4]"), four), {"b", "overlap"});
  check_error(file_of(two("b", "[2,6]"), four + four), {"b", "overlap"});
  check_error(file_of(two("b", "[8,12]"), four + four + four), {"b", "hole"});
  check_error(file_of(two("a", "[4,8]"), four + four), {"\"a\"", "twice"});
  check_error(std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8) + "{}", {"18446744073709551615"});
  check_error("PK", {"found 2 bytes"});
  // Deep nesting is refused as it begins, and long texts are not repeated.
  check_error(file_of("{\"w\":" + std::string(1'000'000, '[')), {"w", "a list"});
  const std::string name(1'000'000, 'n');
  BOOST_TEST(error_of(file_of("{\"" + name + "\":\"" + name + "\"}")).size() < 1000u);
  BOOST_TEST(error_of(file_of("{\"w\":" + name + "}")).size() < 1000u);
}

BOOST_AUTO_TEST_CASE(saving_replaces_the_file_and_leaves_nothing_else) {
  const TemporaryFolder folder;
  io::save_safetensors(folder / "f", some_state<float>());
  io::save_safetensors(folder / "f", some_state<double>());
  BOOST_TEST(same(io::load_safetensors<double>(folder / "f"), some_state<double>()));
  std::filesystem::create_directory(folder / "taken");
  BOOST_CHECK_THROW(io::save_safetensors(folder / "taken", some_state<float>()), IoError);
  const auto entries = std::distance(std::filesystem::directory_iterator(folder.path()), {});
  BOOST_TEST(entries == 2);
}

BOOST_AUTO_TEST_SUITE_END()
