#include <boost/test/unit_test.hpp>

#include <png.h>
#include <datasets/image_folder.hpp>
#include <datasets/png.hpp>
#include <xgrad/core/error.hpp>

#include "datasets/files.hpp"

using namespace xgrad;
using namespace xgrad::datasets;
using files::TemporaryFolder;

namespace {

// A 3 x 2 image that differs from others with another seed.
PngImage image(int seed, Index height = 3, Index width = 2) {
  PngImage result{height, width, {}};
  for (Index i = 0; i < height * width; ++i)
    result.pixels.push_back(static_cast<std::uint8_t>(40 * i + seed));
  return result;
}

// A PNG in libpng's own format `format` (PNG_FORMAT_RGB ...).
template <class T>
void write_as(const files::fs::path& path, png_uint_32 format, const std::vector<T>& values) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.height = 3;
  png.width = 2;
  png.format = format;
  BOOST_TEST_REQUIRE(png_image_write_to_file(&png, path.c_str(), 0, values.data(), 0, nullptr) !=
                     0);
}

// Two classes with two training images and one test image each.
void write_folder(const files::fs::path& folder) {
  int seed = 0;
  for (const char* part : {"train", "test"})
    for (const char* label : {"cat", "dog"}) {
      files::fs::create_directories(folder / part / label);
      write_png(folder / part / label / "b.png", image(++seed));
      if (part[1] == 'r') write_png(folder / part / label / "a.PNG", image(++seed));
    }
}

// What load_image_folder says; it must say something.
std::string complaint(const files::fs::path& folder) {
  try {
    load_image_folder(folder);
  } catch (const IoError& error) {
    return error.what();
  }
  BOOST_ERROR("nothing was thrown");
  return "";
}

void check_says(const std::string& message, const std::string& part) {
  BOOST_TEST(message.find(part) != std::string::npos, "'" << part << "' in: " << message);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(datasets_image_folder)

BOOST_AUTO_TEST_CASE(grey_images_pass_through_unchanged) {
  const TemporaryFolder folder;
  const auto path = folder / "a.png";
  PngImage all{16, 16, {}};  // every grey there is
  for (int value = 0; value < 256; ++value) all.pixels.push_back(static_cast<std::uint8_t>(value));
  write_png(path, all);
  const PngImage back = read_png(path);
  BOOST_TEST(back.height == 16);
  BOOST_TEST(back.width == 16);
  BOOST_TEST(back.pixels == all.pixels, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(colours_become_grey) {
  const TemporaryFolder folder;
  const auto path = folder / "a.png";
  std::vector<std::uint8_t> rgb, rgba;
  for (const std::uint8_t pixel : image(7).pixels)
    for (int i = 0; i < 3; ++i) rgb.push_back(pixel);
  write_as(path, PNG_FORMAT_RGB, rgb);
  BOOST_TEST(read_png(path).pixels == image(7).pixels, boost::test_tools::per_element());

  // Green is lighter than red, and red than blue.
  write_as<std::uint8_t>(path, PNG_FORMAT_RGB,
                         {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 9, 9, 9});
  const auto pixels = read_png(path).pixels;
  BOOST_TEST(pixels[1] > pixels[0]);
  BOOST_TEST(pixels[0] > pixels[2]);
  BOOST_TEST(pixels[3] == 255);
  BOOST_TEST(pixels[4] == 0);

  for (const std::uint8_t pixel : image(7).pixels)
    for (int i = 0; i < 4; ++i) rgba.push_back(i == 3 ? 255 : pixel);
  write_as(path, PNG_FORMAT_RGBA, rgba);  // opaque
  BOOST_TEST(read_png(path).pixels == image(7).pixels, boost::test_tools::per_element());
  rgba[11] = 254;
  write_as(path, PNG_FORMAT_RGBA, rgba);
  BOOST_CHECK_EXCEPTION(read_png(path), IoError, [](const IoError& error) {
    return std::string(error.what()).find("transparent at row 1, column 0") != std::string::npos;
  });
}

// The sample of the PNG specification's "16 bit" kind: written chunk by chunk, since libpng's
// simple interface writes 16 bits as proportional to the light only.
BOOST_AUTO_TEST_CASE(sixteen_bits_become_eight) {
  const TemporaryFolder folder;
  files::Bytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  const auto put32 = [](files::Bytes& bytes, std::size_t value) {
    for (const int shift : {24, 16, 8, 0})
      bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  };
  const auto chunk = [&](const char* name, const files::Bytes& data) {
    put32(png, data.size());
    files::Bytes body(name, name + 4);
    body.insert(body.end(), data.begin(), data.end());
    png.insert(png.end(), body.begin(), body.end());
    put32(png, crc32_z(0, body.data(), body.size()));
  };
  chunk("IHDR", {0, 0, 0, 3, 0, 0, 0, 1, 16, 0, 0, 0, 0});  // 3 x 1, 16 bits, grey
  const files::Bytes row{0, 0x00, 0x00, 0x80, 0x80, 0xff, 0xff};
  files::Bytes packed(compressBound(row.size()));
  uLongf size = packed.size();
  compress(packed.data(), &size, row.data(), row.size());
  packed.resize(size);
  chunk("IDAT", packed);
  chunk("IEND", {});
  const files::Bytes expected{0x00, 0x80, 0xff};
  BOOST_TEST(read_png(files::write(folder / "a.png", png)).pixels == expected,
             boost::test_tools::per_element());
  // A header that promises 2^30 pixels costs no memory.
  const files::Bytes large{0, 0, 0x80, 0, 0, 0, 0x80, 0, 1, 0, 0, 0, 0};
  png.resize(8);
  chunk("IHDR", large);
  chunk("IDAT", packed);
  chunk("IEND", {});
  BOOST_CHECK_EXCEPTION(
      read_png(files::write(folder / "b.png", png)), IoError, [](const IoError& error) {
        return std::string(error.what()).find("promises 32768x32768 pixels") != std::string::npos;
      });
}

BOOST_AUTO_TEST_CASE(damaged_files_are_named) {
  const TemporaryFolder folder;
  const auto path = folder / "a.png";
  write_png(path, image(1, 30, 30));
  const files::Bytes whole = files::read(path);
  BOOST_CHECK_THROW(read_png(folder / "none.png"), IoError);
  BOOST_CHECK_THROW(read_png(folder.path()), IoError);
  for (std::size_t size = 0; size < whole.size() - 12; ++size) {  // all but the end mark
    files::write(path, files::Bytes(whole.begin(), whole.begin() + static_cast<long>(size)));
    BOOST_CHECK_EXCEPTION(read_png(path), IoError, [&](const IoError& error) {
      return std::string(error.what()).find(path.string()) == 0;
    });
  }
  for (const std::size_t at : {0u, 20u, 50u}) {
    files::Bytes damaged = whole;
    damaged[at] ^= 0x10;
    files::write(path, damaged);
    BOOST_CHECK_THROW(read_png(path), IoError);
  }
}

BOOST_AUTO_TEST_CASE(folders_are_classes) {
  const TemporaryFolder folder;
  write_folder(folder.path());
  files::write(folder / "train/cat/.hidden", {1});
  BOOST_TEST(is_image_folder(folder.path()));
  BOOST_TEST(!is_image_folder(folder / "train"));
  const Mnist images = find_mnist(folder.path());
  BOOST_TEST(images.name == "PNG images");
  BOOST_TEST(images.classes == (std::vector<std::string>{"cat", "dog"}),
             boost::test_tools::per_element());
  check(images.train, "train");
  check(images.test, "test");
  BOOST_TEST(images.train.count == 4);
  BOOST_TEST(images.train.height == 3);
  BOOST_TEST(images.train.width == 2);
  BOOST_TEST(images.train.labels == (std::vector<std::int32_t>{0, 0, 1, 1}),
             boost::test_tools::per_element());
  BOOST_TEST(images.test.labels == (std::vector<std::int32_t>{0, 1}),
             boost::test_tools::per_element());
  for (const auto& [index, seed] : {std::pair(0, 2), {1, 1}, {2, 4}, {3, 3}}) {  // a.PNG, b.png
    const auto pixels = images.train.image(index);
    BOOST_TEST(std::vector(pixels.begin(), pixels.end()) == image(seed).pixels);
  }
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named) {
  const TemporaryFolder folder;
  const auto again = [&] {
    files::fs::remove_all(folder.path());
    write_folder(folder.path());
  };
  again();
  write_png(folder / "test/dog/c.png", image(1, 2, 3));
  check_says(complaint(folder.path()), (folder / "test/dog/c.png").string() + ": has 3x2 pixels");
  again();
  files::write(folder / "train/dog/c.png", {1, 2, 3});
  check_says(complaint(folder.path()), (folder / "train/dog/c.png").string());
  again();
  files::write(folder / "train/dog/c.jpg", {1});
  check_says(complaint(folder.path()), "c.jpg: is no .png");
  again();
  files::write(folder / "train/readme", {1});
  check_says(complaint(folder.path()), "readme: is not the folder of a class");
  again();
  files::fs::remove_all(folder / "test/dog");
  files::fs::create_directory(folder / "test/cow");
  check_says(complaint(folder.path()), "cat, dog, those in test cat, cow");
  again();
  files::fs::remove(folder / "test/dog/b.png");
  check_says(complaint(folder.path()), (folder / "test/dog").string() + ": holds no images");
  again();
  files::fs::remove_all(folder / "test");
  check_says(complaint(folder.path()), (folder / "test").string() + ": the folder cannot be read");
}

BOOST_AUTO_TEST_SUITE_END()
