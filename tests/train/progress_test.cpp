#include <boost/test/unit_test.hpp>

#include <vector>

#include <xgrad/train/progress.hpp>

using namespace xgrad;
using namespace xgrad::train;

namespace {

// A display with a clock that stands still until it is moved, and what it has written.
struct Display {
  double now = 100;
  std::vector<std::string> written{};

  ProgressOptions options(bool terminal, int columns = 80) {
    return {.terminal = terminal,
            .columns = columns,
            .interval = 10,
            .write = [this](std::string_view text) { written.emplace_back(text); },
            .seconds = [this] { return now; }};
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(progress)

BOOST_AUTO_TEST_CASE(durations) {
  BOOST_TEST(format_duration(-1) == "0 s");
  BOOST_TEST(format_duration(59.4) == "59 s");
  BOOST_TEST(format_duration(59.6) == "1 min 00 s");
  BOOST_TEST(format_duration(185) == "3 min 05 s");
  BOOST_TEST(format_duration(2 * 3600 + 7 * 60 + 50) == "2 h 07 min");
}

BOOST_AUTO_TEST_CASE(a_file_gets_a_line_per_interval_and_one_at_the_end) {
  Display display;
  Progress progress("epoch 1", 60000, display.options(false));
  for (int second = 1; second <= 24; ++second) {
    display.now += 1;
    progress.update(second * 2400, "loss 0.5");
  }
  display.now += 1;
  progress.update(60000);
  progress.finish("loss 0.3");
  progress.finish("loss 0.1");
  BOOST_TEST_REQUIRE(display.written.size() == 3U);
  BOOST_TEST(display.written[0] ==
             "epoch 1   40 %  24000/60000  2400 images/s  15 s left  loss 0.5\n");
  BOOST_TEST(display.written[1] ==
             "epoch 1   80 %  48000/60000  2400 images/s  5 s left  loss 0.5\n");
  BOOST_TEST(display.written[2] == "epoch 1  100 %  60000/60000  2400 images/s  25 s  loss 0.3\n");
}

BOOST_AUTO_TEST_CASE(a_terminal_gets_a_bar_on_one_line_that_never_wraps) {
  for (const int columns : {1, 10, 30, 60, 80, 200}) {
    Display display;
    Progress progress("epoch 1", 1000, display.options(true, columns));
    for (int i = 0; i <= 1000; ++i) {
      progress.update(i, "loss 0.123");
      display.now += 0.01;
    }
    progress.finish("done");
    BOOST_TEST(display.written.size() > 50U);
    BOOST_TEST(display.written.size() < 150U);
    for (const std::string& text : display.written) {
      BOOST_TEST(text.starts_with("\r\x1b[K"));
      const bool last = &text == &display.written.back();
      BOOST_TEST(text.find('\n') == (last ? text.size() - 1 : text.npos));
      BOOST_TEST(static_cast<int>(text.size()) - 4 - (last ? 1 : 0) < std::max(columns, 1));
    }
    BOOST_TEST((display.written[5].find('>') != std::string::npos) == (columns >= 80));
  }
}

BOOST_AUTO_TEST_CASE(what_was_done_before_counts_for_the_share_but_not_for_the_rate) {
  Display display;
  Progress progress("epoch 2", 1000, display.options(false), 900);
  BOOST_TEST(progress.rate() == 0);
  display.now += 10;
  progress.update(950);
  BOOST_TEST(progress.rate() == 5);
  BOOST_TEST_REQUIRE(display.written.size() == 1U);
  BOOST_TEST(display.written[0] == "epoch 2   95 %  950/1000  5.00 images/s  10 s left\n");
}

BOOST_AUTO_TEST_CASE(a_bar_that_is_left_ends_its_line) {
  Display display;
  {
    Progress progress("epoch 1", 10, display.options(true));
    progress.update(1);
  }
  BOOST_TEST(display.written.back() == "\n");

  display.written.clear();
  {
    Progress progress("epoch 1", 10, display.options(true));
    progress.update(1);
    progress.clear();
    progress.clear();
  }
  BOOST_TEST(display.written.size() == 2U);  // drawn and cleared, nothing to end
}

BOOST_AUTO_TEST_CASE(no_work_is_done_work) {
  Display display;
  Progress progress("epoch 1", 0, display.options(false));
  progress.finish();
  BOOST_TEST_REQUIRE(display.written.size() == 1U);
  BOOST_TEST(display.written[0] == "epoch 1  100 %  0/0\n");
}

BOOST_AUTO_TEST_SUITE_END()
