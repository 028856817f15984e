#include <boost/test/unit_test.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include <unistd.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/io/atomic_file.hpp>
#include <xgrad/train/checkpoint.hpp>

using namespace xgrad;
namespace fs = std::filesystem;

namespace {

// A folder of the test's own, removed at its end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("xgrad-checkpoint-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

train::Checkpoint of_step(std::int64_t step) {
  train::Checkpoint checkpoint;
  checkpoint.put("model", {{"w", Tensor<float>::full({2, 3}, static_cast<float>(step))}});
  checkpoint.put("step", step);
  return checkpoint;
}

auto message_has(std::string word) {
  return [word](const Error& error) { return std::string(error.what()).find(word) != std::string::npos; };
}

void damage(const fs::path& file) { fs::resize_file(file, fs::file_size(file) - 1); }

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint)

BOOST_AUTO_TEST_CASE(everything_comes_back_to_the_bit) {
  const Folder folder;
  manual_seed(5);
  random_stream(RandomPurpose::dropout).uniform();
  train::Checkpoint written;
  const auto w = Tensor<float>::from({1.5F, -0.0F, std::numeric_limits<float>::denorm_min()}, {3});
  written.put("model", {{"layer.w", w}});
  written.put("model two", {{"w", Tensor<float>::full({}, 7)}});
  written.put("third", 1.0 / 3);
  written.put("least", std::numeric_limits<std::int64_t>::min());
  written.put("name", std::string("Zwölf \"Boxkämpfer\"\n"));
  written.put_random_streams();
  const double next = random_stream(RandomPurpose::dropout).uniform();
  save_checkpoint(folder.path, written);

  manual_seed(9);
  const auto read = train::load_checkpoint(folder.path);
  const auto model = read.tensors("model");
  BOOST_TEST(model.size() == 1);
  for (Index i = 0; i < 3; ++i)
    BOOST_TEST(std::signbit(model.at("layer.w").data()[i]) == std::signbit(w.data()[i]));
  BOOST_TEST(model.at("layer.w").data()[2] == w.data()[2]);
  BOOST_TEST(read.tensors("nothing").empty());
  BOOST_TEST(read.number("third") == 1.0 / 3);
  BOOST_TEST(read.integer("least") == std::numeric_limits<std::int64_t>::min());
  BOOST_TEST(read.text("name") == "Zwölf \"Boxkämpfer\"\n");
  read.restore_random_streams();
  BOOST_TEST(initial_seed() == 5);
  BOOST_TEST(random_stream(RandomPurpose::dropout).uniform() == next);
  manual_seed(0);
}

BOOST_AUTO_TEST_CASE(the_one_before_is_kept_and_taken_if_the_last_is_damaged) {
  const Folder folder;
  BOOST_TEST(!train::has_checkpoint(folder.path));
  for (const int step : {1, 2, 3}) save_checkpoint(folder.path, of_step(step));
  BOOST_TEST(train::load_checkpoint(folder.path).integer("step") == 3);
  damage(folder.path / "checkpoint.safetensors");
  BOOST_TEST(train::load_checkpoint(folder.path).integer("step") == 2);
  // Killed between taking the old name away and giving the new one.
  fs::remove(folder.path / "checkpoint.safetensors");
  BOOST_TEST(train::has_checkpoint(folder.path));
  BOOST_TEST(train::load_checkpoint(folder.path).integer("step") == 2);
  damage(folder.path / "checkpoint.previous.safetensors");
  BOOST_CHECK_EXCEPTION(train::load_checkpoint(folder.path), IoError, message_has("previous"));
  train::remove_checkpoints(folder.path);
  BOOST_TEST(fs::is_empty(folder.path));
  BOOST_CHECK_THROW(train::load_checkpoint(folder.path), IoError);
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_no_number_is_named) {
  const Folder folder;
  train::Checkpoint written;
  written.put("word", std::string("twelve"));
  written.put("long", std::string("12 "));
  BOOST_CHECK_EXCEPTION(written.put("word", std::int64_t{1}), ValueError, message_has("word"));
  save_checkpoint(folder.path, written);
  const auto read = train::load_checkpoint(folder.path);
  BOOST_CHECK_EXCEPTION(static_cast<void>(read.text("epoch")), IoError, message_has("epoch"));
  BOOST_CHECK_EXCEPTION(static_cast<void>(read.integer("word")), IoError, message_has("twelve"));
  BOOST_CHECK_EXCEPTION(static_cast<void>(read.number("long")), IoError,
                        message_has("checkpoint.safetensors"));
}

BOOST_AUTO_TEST_CASE(a_failed_write_leaves_the_old_checkpoint) {
  const Folder folder;
  save_checkpoint(folder.path, of_step(1));
  train::Checkpoint bad;
  bad.put("model", {{"w", Tensor<float>()}});
  BOOST_CHECK_THROW(save_checkpoint(folder.path, bad), ValueError);
  BOOST_TEST(train::load_checkpoint(folder.path).integer("step") == 1);
}

BOOST_AUTO_TEST_CASE(stale_temporaries_are_removed_and_nothing_else) {
  const Folder folder;
  for (const char* const name :
       {"checkpoint.safetensors.123.0.tmp", "a.4.5.tmp", "notes.tmp", "x.1.tmp", "1.2.txt"})
    std::ofstream(folder.path / name) << "x";
  io::remove_temporary_files(folder.path);
  BOOST_TEST(!fs::exists(folder.path / "checkpoint.safetensors.123.0.tmp"));
  BOOST_TEST(!fs::exists(folder.path / "a.4.5.tmp"));
  for (const char* const name : {"notes.tmp", "x.1.tmp", "1.2.txt"})
    BOOST_TEST(fs::exists(folder.path / name), name);
}

BOOST_AUTO_TEST_SUITE_END()
