// A state that was carried on without detach(): recognised, named, and what it costs; and that a
// detached one costs nothing, however long.

#include <boost/test/unit_test.hpp>

#include <string>

#include <xgrad/train/detach_guard.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;
using train::DetachGuard;

namespace {

using State = RecurrentState<float>;
constexpr Index steps = 50, batch = 2, hidden = 8;

struct Stream {
  nn::LSTM<float> lstm{3, hidden};
  Variable<float> x{Tensor<float>::full(Shape{steps, batch, 3}, 0.1F)};

  // One window, and the state after it as it comes.
  State window(const State& state, bool retain_graph = false) {
    lstm.zero_grad();
    const auto result = lstm.forward(x, state);
    sum(result.output).backward(retain_graph);
    return result.state;
  }
};

// What the check of the state throws; "" for nothing.
std::string message(DetachGuard& guard, const State& state) {
  try {
    guard.check(state, steps);
  } catch (const GraphError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(detach_guard)

BOOST_AUTO_TEST_CASE(a_detached_state_over_20000_steps_keeps_memory_flat) {
  Stream stream;
  DetachGuard guard("lstm");
  State state;
  std::size_t live = 0;
  for (int i = 0; i < 20'000 / steps; ++i) {
    guard.check(state, steps);
    state = stream.window(state).detach();
    if (i == 2) live = pool_counters().live_bytes;
    if (i > 2) BOOST_TEST_REQUIRE(pool_counters().live_bytes == live);
  }
}

BOOST_AUTO_TEST_CASE(a_state_that_was_not_detached_is_named_at_the_next_window) {
  Stream stream;
  DetachGuard guard("the reader");
  State state;
  for (int i = 0; i < 4; ++i) {
    guard.check(state, steps);
    state = stream.window(state).detach();
  }
  guard.check(state, steps);
  state = stream.window(state);
  const std::string told = message(guard, state);
  for (const char* part : {"the state of the reader (h and c)", "was not detached", "50 steps",
                           "KiB", "state = state.detach()"})
    BOOST_TEST(contains(told, part), told);
}

BOOST_AUTO_TEST_CASE(one_part_is_enough) {
  Stream stream;
  const State next = stream.window({});
  DetachGuard guard("lstm");
  guard.check(State{}, steps);
  BOOST_TEST(contains(message(guard, {next.h.detach(), next.c}), "state of lstm (c)"));
  guard.reset();
  guard.check(State{}, steps);
  BOOST_TEST(contains(message(guard, {next.h, next.c.detach()}), "state of lstm (h)"));
}

BOOST_AUTO_TEST_CASE(the_growth_is_counted_over_the_windows_that_are_tolerated) {
  Stream stream;
  DetachGuard guard("lstm", {.tolerated_windows = 3});
  State state;
  std::size_t live = 0;
  std::string told;
  int windows = 0;
  for (; told.empty() && windows < 100; ++windows) {
    told = message(guard, state);
    if (!told.empty()) break;
    state = stream.window(state, true);
    if (windows > 0) BOOST_TEST(pool_counters().live_bytes > live);
    live = pool_counters().live_bytes;
  }
  BOOST_TEST(windows == 4);
  BOOST_TEST(contains(told, "reaches back 200 steps (windows: 4)"), told);

  // A detach in between starts the count again.
  guard.reset();
  state = {};
  for (int i = 0; i < 12; ++i) {
    BOOST_TEST(message(guard, state) == "");
    const State next = stream.window(state, true);
    state = i % 4 == 3 ? next.detach() : next;
  }
}

BOOST_AUTO_TEST_CASE(leaves_constants_and_computed_initial_states_pass) {
  const Shape shape{1, batch, hidden};
  const Variable<float> learned(Tensor<float>(shape), true);
  DetachGuard guard("lstm");
  guard.check(State{tanh(learned), tanh(learned)}, steps);  // where the stream begins
  guard.check(State{learned, learned}, steps);
  guard.check(State{}, steps);
  {
    NoGrad no_grad;
    guard.check(State{tanh(learned), tanh(learned)}, steps);
  }
  BOOST_TEST(message(guard, {tanh(learned), {}}) != "");
  guard.reset();
  BOOST_TEST(message(guard, {tanh(learned), {}}) == "");
}

BOOST_AUTO_TEST_CASE(options_and_steps_are_checked) {
  BOOST_CHECK_THROW(DetachGuard("lstm", {.tolerated_windows = -1}), ValueError);
  DetachGuard guard("lstm");
  BOOST_CHECK_THROW(guard.check(State{}, 0), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()
