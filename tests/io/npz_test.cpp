#include <boost/test/unit_test.hpp>

#include <xgrad/core/error.hpp>
#include <xgrad/io/npz.hpp>

#include <zlib.h>

#include <cstring>

#include "damaged.hpp"
#include "temporary_folder.hpp"

using namespace xgrad;

namespace {

std::string number(std::size_t value, int bytes) {
  std::string text;
  for (; bytes-- > 0; value >>= 8) text += static_cast<char>(value & 0xff);
  return text;
}

// One entry and what its two headers say of it.
struct Entry {
  std::string name = "a.npy", content{};
  int method = 0, flags = 0;
  std::size_t size = 0, checksum = 0;
  std::string name_in_directory{};
  std::size_t at = 0;  ///< filled in by archive_of()
};

std::string array(const std::string& shape, const std::string& data) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return "\x93NUMPY" + number(1, 2) + number(header.size(), 2) + header + data;
}

std::size_t crc(const std::string& bytes) {
  return crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

Entry stored(const std::string& name, const std::string& content) {
  return {.name = name,
          .content = content,
          .size = content.size(),
          .checksum = crc(content),
          .name_in_directory = name};
}

Entry deflated(const std::string& name, const std::string& content) {
  Entry entry = stored(name, content);
  z_stream stream{};
  BOOST_REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  entry.content.resize(deflateBound(&stream, content.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(entry.content.data());
  stream.avail_out = static_cast<uInt>(entry.content.size());
  BOOST_REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  entry.content.resize(stream.total_out);
  deflateEnd(&stream);
  entry.method = 8;
  return entry;
}

// From the version to the extra field.
std::string common(const Entry& e, const std::string& name) {
  return number(20, 2) + number(static_cast<std::size_t>(e.flags), 2) +
         number(static_cast<std::size_t>(e.method), 2) + number(0, 4) + number(e.checksum, 4) +
         number(e.content.size(), 4) + number(e.size, 4) + number(name.size(), 2) + number(4, 2);
}

std::string directory_of(const Entry& e) {
  const std::string& name = e.name_in_directory;
  return "PK\1\2" + number(20, 2) + common(e, name) + number(2, 2) + number(0, 8) +
         number(e.at, 4) + name + "more" + "ok";
}

std::string end_of(std::size_t count, std::size_t bytes, std::size_t begin,
                   const std::string& comment = "") {
  return "PK\5\6" + number(0, 4) + number(count, 2) + number(count, 2) + number(bytes, 4) +
         number(begin, 4) + number(comment.size(), 2) + comment;
}

std::string archive_of(std::vector<Entry> entries, const std::string& comment = "") {
  std::string archive, directory;
  for (Entry& e : entries) {
    e.at = archive.size();
    archive += "PK\3\4" + common(e, e.name) + e.name + "more" + e.content;
    directory += directory_of(e);
  }
  const std::size_t begin = archive.size();
  return archive + directory + end_of(entries.size(), directory.size(), begin, comment);
}

StateDict<double> load(const std::string& content) {
  const TemporaryFolder folder;
  write_file(folder / "bad.npz", content);
  return io::load_npz<double>(folder / "bad.npz");
}

void check_error(const std::string& content, std::initializer_list<const char*> parts) {
  try {
    load(content);
  } catch (const IoError& error) {
    const std::string message = error.what();
    BOOST_TEST(message.find("bad.npz") != message.npos, "the file is not named: " << message);
    for (const char* part : parts)
      BOOST_TEST(message.find(part) != message.npos, part << " is not in: " << message);
    return;
  }
  BOOST_ERROR("nothing was thrown");
}

std::string floats(std::size_t count) {
  std::string data;
  for (std::size_t i = 0; i < count; ++i) {
    const float value = static_cast<float>(i) / 4;
    data.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return data;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(io_npz)

BOOST_AUTO_TEST_CASE(what_is_saved_is_loaded) {
  const TemporaryFolder folder;
  const auto check = [&]<class T>(T) {
    StateDict<T> state;
    state["conv1.weight"] = Tensor<T>::from({1, 2, 3, 4, 5, 6}, {2, 1, 3});
    state["scalar"] = Tensor<T>::full(Shape{}, T(7));
    state["empty"] = Tensor<T>({0, 3});
    state["of/\xc3\xa4"] = Tensor<T>::full({50'000}, T(-1));
    state[""] = Tensor<T>::full({1}, T(1));
    io::save_npz(folder / "a", state);
    const std::string bytes = read_file(folder / "a");
    const StateDict<T> loaded = io::load_npz<T>(folder / "a");
    BOOST_TEST(loaded.size() == state.size());
    for (const auto& [name, tensor] : state) {
      BOOST_TEST_CONTEXT(name) {
        BOOST_TEST((loaded.at(name).shape() == tensor.shape()));
        BOOST_TEST(std::memcmp(std::as_const(loaded.at(name)).data(), std::as_const(tensor).data(),
                               static_cast<std::size_t>(tensor.size()) * sizeof(T)) == 0);
      }
    }
    io::save_npz(folder / "b", state);
    BOOST_TEST((read_file(folder / "b") == bytes));
    io::save_npz(folder / "a", StateDict<T>());
    BOOST_TEST(io::load_npz<T>(folder / "a").empty());
  };
  check(float{});
  check(double{});
}

BOOST_AUTO_TEST_CASE(stored_and_deflated_arrays_are_read_one_at_a_time) {
  const TemporaryFolder folder;
  std::string labels = array("(3,)", std::string("\7\0\0\0\0\0\0\0\2\0\0\0", 12));
  labels.replace(labels.find("<f4"), 3, "<i4");
  write_file(folder / "a", archive_of({stored("x.npy", array("(2, 2)", floats(4))),
                                       deflated("long.npy", array("(50000,)", floats(50'000))),
                                       deflated("labels.npy", labels)},
                                      "a comment with PK\5\6 in it"));
  const io::NpzFile file(folder / "a");
  BOOST_TEST(file.names() == (std::vector<std::string>{"labels", "long", "x"}),
             boost::test_tools::per_element());
  BOOST_TEST(file.contains("x"));
  BOOST_TEST(!file.contains("x.npy"));
  BOOST_TEST(file.integers("labels").values == (std::vector<std::int32_t>{7, 0, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(file.tensor<double>("labels").values()[2] == 2.0);
  BOOST_TEST(file.tensor("long").values()[49'999] == 49'999.0f / 4);
  BOOST_TEST((file.tensor("x").shape() == Shape{2, 2}));
  BOOST_CHECK_THROW(file.integers("x"), IoError);
  BOOST_CHECK_THROW(file.tensor("y"), ValueError);
}

BOOST_AUTO_TEST_CASE(every_rule_of_the_archive_is_checked) {
  const std::string good = array("(4,)", floats(4));
  const auto with = [&](auto change, Entry entry) {
    change(entry);
    return archive_of({entry});
  };
  const Entry plain = stored("a.npy", good), packed = deflated("a.npy", good);
  check_error("", {"ZIP"});
  check_error("\x93NUMPY", {"ZIP", "another kind"});
  check_error(with([](Entry& e) { e.name = e.name_in_directory = "a.txt"; }, plain), {"a.txt"});
  check_error(with([](Entry& e) { e.name = "b.npy"; }, plain), {"a.npy", "name"});
  check_error(with([](Entry& e) { e.flags = 1; }, plain), {"a.npy", "encrypted"});
  check_error(with([](Entry& e) { e.method = 12; }, plain), {"a.npy", "method 12"});
  check_error(with([](Entry& e) { e.size = 0xffffffff; }, plain), {"a.npy", "ZIP64"});
  check_error(with([](Entry& e) { ++e.size; }, plain), {"a.npy", "claims"});
  for (const Entry& e : {plain, packed})
    check_error(with([](Entry& entry) { entry.checksum ^= 1; }, e), {"a", "checksum"});
  check_error(with([](Entry& e) { ++e.size; }, packed), {"a", "compressed bytes"});
  check_error(with([](Entry& e) { --e.size; }, packed), {"a", "cut off"});
  check_error(with([](Entry& e) { e.content.pop_back(); }, packed), {"a", "compressed bytes"});
  check_error(with([](Entry& e) { e.content += '\0'; }, packed), {"a", "do not end"});
  check_error(with([](Entry& e) { e.content[0] = '\7'; }, packed), {"a", "compressed bytes"});
  check_error(archive_of({plain, packed}), {"a.npy", "twice"});
  check_error(archive_of({stored("a.npy", "no array")}), {"a", "NumPy"});
  check_error(archive_of({stored("a.npy", "")}), {"a", "NumPy"});
  check_error(archive_of({deflated("a.npy", "")}), {"a", "NumPy"});
  check_error(archive_of({deflated("a.npy", array("(5,)", floats(4)))}), {"a", "cut off"});

  std::string whole = archive_of({plain});
  const std::size_t end = whole.size() - 22, begin = whole.find("PK\1\2");
  for (std::size_t length = 0; length < whole.size(); ++length)
    check_error(whole.substr(0, length), {});
  check_error(whole + '\0', {"ZIP"});
  check_error('\0' + whole, {"where the end"});
  const auto ending = [&](const std::string& other) { return whole.substr(0, end) + other; };
  check_error(ending(end_of(0, end - begin, begin)), {"too long"});
  check_error(ending(end_of(2, end - begin, begin)), {"cut off"});
  check_error(ending(end_of(1, end - begin + 1, begin)), {"where the end"});
  check_error(ending(end_of(1, end, 0)), {"directory"});
  check_error(ending(end_of(0xffff, 0, 0)), {"ZIP64"});
  whole[begin + 42] = 1;
  check_error(whole, {"a.npy", "begins"});
}

// What makes a small archive take much memory.
BOOST_AUTO_TEST_CASE(archives_made_to_harm_are_refused) {
  // Larger than deflate can code: refused before anything is read.
  Entry bomb = deflated("a.npy", array("(4,)", floats(4)));
  bomb.size = 4'000'000'000;
  check_error(archive_of({bomb}), {"a.npy", "4000000000", "harm"});
  // More than the array's header says: refused after that header.
  check_error(archive_of({deflated("a.npy", array("(1,)", std::string(50'000'000, '\0')))}),
              {"a", "found 50000000", "expected 4"});
  // Many entries over the same bytes.
  Entry first = stored("a.npy", array("(4,)", floats(4)));
  std::string archive = "PK\3\4" + common(first, first.name) + first.name + "more" + first.content;
  Entry outer = stored("outer.npy", archive);  // the entry lies in the content of another
  first.at = 30 + outer.name.size() + 4;
  archive = "PK\3\4" + common(outer, outer.name) + outer.name + "more" + outer.content;
  const std::string directory = directory_of(outer) + directory_of(first);
  check_error(archive + directory + end_of(2, directory.size(), archive.size()), {"overlap"});
}

// Whatever the bytes, the answer is tensors or an IoError.
BOOST_AUTO_TEST_CASE(garbage_is_an_error_and_nothing_worse) {
  const std::string whole = archive_of(
      {stored("x.npy", array("(2, 2)", floats(4))), deflated("y.npy", array("(50,)", floats(50)))});
  read_damaged(whole, 2, [](const auto& path) { io::load_npz(path); });
}

BOOST_AUTO_TEST_SUITE_END()
