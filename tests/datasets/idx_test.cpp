#include <boost/test/unit_test.hpp>

#include <datasets/idx.hpp>
#include <xgrad/core/error.hpp>

#include "datasets/files.hpp"

using namespace xgrad;
using namespace xgrad::datasets;
using files::TemporaryFolder;

namespace {

std::string error_of(const files::fs::path& path, int rank) {
  try {
    read_idx(path, rank);
  } catch (const IoError& error) {
    BOOST_TEST(std::string(error.what()).starts_with(path.string()), "the file is not named first");
    return error.what();
  }
  BOOST_ERROR("no IoError");
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(datasets_idx)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back_plain_and_compressed) {
  const TemporaryFolder folder;
  const IdxArray array{{2, 3, 2}, {0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255}};
  for (const char* name : {"a-idx3-ubyte", "a-idx3-ubyte.gz"}) {
    write_idx(folder / name, array);
    const IdxArray back = read_idx(folder / name, 3);
    BOOST_TEST(back.extents == array.extents, boost::test_tools::per_element());
    BOOST_TEST(back.values == array.values, boost::test_tools::per_element());
  }
  BOOST_TEST(files::read(folder / "a-idx3-ubyte").size() == 16u + 12u);
  BOOST_TEST(files::read(folder / "a-idx3-ubyte.gz")[0] == 0x1f);
  BOOST_TEST(std::distance(files::fs::directory_iterator(folder.path()), {}) == 2);
}

BOOST_AUTO_TEST_CASE(compression_is_told_from_the_content_not_from_the_name) {
  const TemporaryFolder folder;
  BOOST_TEST(read_idx(files::write(folder / "a.gz", files::idx({4}, 4)), 1).values.size() == 4u);
  BOOST_TEST(
      read_idx(files::write(folder / "b", files::gzip(files::idx({4}, 4))), 1).values.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_gzip_file_may_have_several_members) {
  const TemporaryFolder folder;
  const files::Bytes all = files::idx({300}, 300);
  files::Bytes bytes = files::gzip({all.begin(), all.begin() + 100});
  const files::Bytes second = files::gzip({all.begin() + 100, all.end()});
  bytes.insert(bytes.end(), second.begin(), second.end());
  BOOST_TEST(read_idx(files::write(folder / "a.gz", bytes), 1).values.at(299) == 299 % 256);
}

BOOST_AUTO_TEST_CASE(an_extent_of_zero_is_an_empty_array) {
  const TemporaryFolder folder;
  BOOST_TEST(read_idx(files::write(folder / "a", files::idx({0, 28, 28}, 0)), 3).values.empty());
  BOOST_TEST(
      read_idx(files::write(folder / "b", files::gzip(files::idx({0}, 0))), 1).values.empty());
}

// Cut anywhere, plain or gzip, a file is an error and never a shorter array.
BOOST_AUTO_TEST_CASE(every_truncation_is_an_error) {
  const TemporaryFolder folder;
  for (const files::Bytes& whole :
       {files::idx({3, 2, 2}, 12), files::gzip(files::idx({3, 2, 2}, 12))})
    for (std::size_t size = 0; size < whole.size(); ++size)
      BOOST_TEST_CONTEXT(size << " of " << whole.size() << " bytes")
  error_of(files::write(folder / "cut", {whole.begin(), whole.begin() + static_cast<Index>(size)}),
           3);
}

// A flipped bit in the payload of a gzip file is found by its checksum.
BOOST_AUTO_TEST_CASE(a_damaged_gzip_file_is_an_error) {
  const TemporaryFolder folder;
  const files::Bytes whole = files::gzip(files::idx({64}, 64));
  for (std::size_t at = 12; at < whole.size(); at += 3) {
    files::Bytes damaged = whole;
    damaged[at] ^= 0x10;
    BOOST_TEST_CONTEXT("byte " << at) error_of(files::write(folder / "damaged", damaged), 1);
  }
}

BOOST_AUTO_TEST_CASE(headers_that_promise_the_earth_allocate_nothing) {
  const TemporaryFolder folder;
  const std::uint32_t huge = 0xFFFFFFFF;
  for (const auto& extents :
       {std::vector<std::uint32_t>{60000, 28000, 28000}, {huge, huge, huge}}) {
    BOOST_TEST(error_of(files::write(folder / "plain", files::idx(extents, 100)), 3)
                   .find("cannot hold them") != std::string::npos);
    BOOST_TEST(error_of(files::write(folder / "gzip", files::gzip(files::idx(extents, 100))), 3)
                   .find("cannot hold them") != std::string::npos);
  }
}

// 16 MiB of zeros behind a header that promises four bytes.
BOOST_AUTO_TEST_CASE(a_gzip_bomb_is_not_unpacked) {
  const TemporaryFolder folder;
  files::Bytes bomb = files::idx({4}, 4);
  bomb.resize(std::size_t{16} << 20);
  const std::string message = error_of(files::write(folder / "bomb", files::gzip(bomb)), 1);
  BOOST_TEST(message.find("too long") != std::string::npos, message);
}

BOOST_AUTO_TEST_CASE(a_failed_write_leaves_what_was_there) {
  const TemporaryFolder folder;
  files::fs::create_directories(folder / "a/full");
  BOOST_CHECK_THROW(write_idx(folder / "a", {{1}, {7}}), IoError);
  BOOST_TEST(files::fs::is_directory(folder / "a"));
  BOOST_TEST(!files::fs::exists(folder / "a.part"));
}

BOOST_AUTO_TEST_SUITE_END()
