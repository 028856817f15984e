#include <boost/test/unit_test.hpp>

#include <pthread.h>

#include <cmath>
#include <functional>

#include <xgrad/autograd/record.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/xtensor.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/shape.hpp>

using namespace xgrad;

namespace {

// Ops as a user of the library writes them.
constexpr OpInfo product_op{"product", "a, b", "y = a b\nda = b dy, db = a dy"};

Variable<double> product(const Variable<double>& a, const Variable<double>& b) {
  Tensor<double> y = a.value().array() * b.value().array();
  return record(product_op, {a, b}, y,
                [a = Saved(a.value()), b = Saved(b.value())](Backward<double>& g) {
                  if (g.needs(0)) g.set_dx(0, g.dy().array() * b.get().array());
                  if (g.needs(1)) g.set_dx(1, g.dy().array() * a.get().array());
                });
}

constexpr OpInfo twice_op{"twice", "x", "y1 = x, y2 = x\ndx = dy1 + dy2"};

std::array<Variable<double>, 2> twice(const Variable<double>& x) {
  return record(twice_op, {x}, std::array{x.value().clone(), x.value().clone()},
                [](Backward<double>& g) {
                  BOOST_TEST(g.has_dy(0));
                  g.set_dx(0, g.dy(0).array() + g.dy(1).array());
                });
}

Variable<double> leaf(double value) { return {Tensor<double>::from({value}, {1}), true}; }

const float* address(const Variable<float>& x) { return x.value().data(); }

// Runs `body` on a thread with a stack of `bytes`.
void on_small_stack(std::size_t bytes, std::function<void()> body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  BOOST_REQUIRE(pthread_attr_setstacksize(&attributes, bytes) == 0);
  pthread_t thread;
  const auto run = [](void* opaque) -> void* {
    (*static_cast<std::function<void()>*>(opaque))();
    return nullptr;
  };
  BOOST_REQUIRE(pthread_create(&thread, &attributes, run, &body) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(autograd)

BOOST_AUTO_TEST_CASE(gradients_accumulate_on_fan_out) {
  const auto x = leaf(3);
  const auto square = product(x, x);
  product(square, product(square, x)).backward();  // x^5
  BOOST_TEST(x.grad().item() == 5 * 81);
}

BOOST_AUTO_TEST_CASE(gradients_accumulate_over_passes_until_zeroed) {
  const auto x = leaf(3);
  product(x, x).backward();
  product(x, x).backward();
  BOOST_TEST(x.grad().item() == 12);
  x.zero_grad();
  BOOST_TEST(!x.grad().defined());
  product(x, x).backward();
  BOOST_TEST(x.grad().item() == 6);
}

BOOST_AUTO_TEST_CASE(leaves_do_not_share_gradient_memory) {
  const auto a = leaf(1), b = leaf(1);
  const OpInfo sum_op{"test_sum", "a, b", ""};
  const Tensor<double> cotangent = Tensor<double>::from({2}, {1});
  const auto y = record(sum_op, {a, b}, Tensor<double>(Shape{1}), [](Backward<double>& g) {
    g.set_dx(0, g.dy());
    g.set_dx(1, g.dy());
  });
  y.backward(cotangent);
  a.grad().fill(100);
  BOOST_TEST(b.grad().item() == 2);
  BOOST_TEST(cotangent.item() == 2);
}

BOOST_AUTO_TEST_CASE(detach_stops_gradients) {
  const auto x = leaf(3);
  const auto y = product(x, x.detach());
  y.backward();
  BOOST_TEST(x.grad().item() == 3);
  BOOST_TEST(!y.detach().requires_grad());
  const NoGrad no_grad;
  BOOST_TEST(!product(x, x).requires_grad());
}

BOOST_AUTO_TEST_CASE(a_second_backward_needs_retain_graph) {
  const auto x = leaf(3);
  const auto y = product(x, x);
  y.backward(true);
  y.backward();
  BOOST_TEST(x.grad().item() == 12);
  BOOST_CHECK_EXCEPTION(y.backward(), GraphError, [](const GraphError& error) {
    const std::string message = error.what();
    return message.find("product") != message.npos && message.find("retain_graph") != message.npos;
  });
  // Two losses over a shared part: the same error, and no gradient is half-added.
  const auto shared = product(x, x);
  const auto first = tanh(shared), second = product(shared, x);
  first.backward();
  const double before = x.grad().item();
  BOOST_CHECK_THROW(second.backward(), GraphError);
  BOOST_TEST(x.grad().item() == before);
}

BOOST_AUTO_TEST_CASE(a_throw_in_the_middle_leaves_no_trace) {
  const auto x = leaf(2);
  const OpInfo faulty_op{"faulty", "x", ""};
  bool fail = true;
  const auto inner = product(x, x);
  const auto y =
      record(faulty_op, {inner}, Tensor<double>::from({1}, {1}), [&fail](Backward<double>& g) {
        if (fail) throw NumericError("planted");
        g.set_dx(0, g.dy());
      });
  const auto z = product(y, x);
  BOOST_CHECK_THROW(z.backward(true), NumericError);
  BOOST_TEST(!x.grad().defined());
  fail = false;
  z.backward();
  BOOST_TEST(x.grad().item() == 2 * 2 * 2 + 1);  // x dy/dx + y, with y recorded as 1
}

BOOST_AUTO_TEST_CASE(intermediate_gradients_are_kept_on_request) {
  const auto x = leaf(3);
  const auto y = product(x, x);
  y.retain_grad();
  product(y, y).backward();
  BOOST_TEST(y.grad().item() == 18);
  BOOST_TEST(x.grad().item() == 108);
}

BOOST_AUTO_TEST_CASE(hooks_see_and_replace_finished_gradients) {
  const auto x = leaf(3);
  const auto y = product(x, x);
  std::vector<double> seen;
  y.register_hook([&](const Tensor<double>& gradient) {
    seen.push_back(gradient.item());
    return Tensor<double>();
  });
  x.register_hook([&](const Tensor<double>& gradient) {
    seen.push_back(gradient.item());
    return Tensor<double>::from({-1}, {1});
  });
  product(y, x).backward();
  BOOST_TEST(seen == (std::vector<double>{3, 27}), boost::test_tools::per_element());
  BOOST_TEST(x.grad().item() == -1);
  // A hook sees this pass's gradient, not what was there before.
  product(x, x).backward();
  BOOST_TEST(seen.back() == 6);
  BOOST_TEST(x.grad().item() == -2);
}

BOOST_AUTO_TEST_CASE(a_hook_may_register_others) {
  const auto x = leaf(3);
  int first = 0, later = 0;
  x.register_hook([&](const Tensor<double>&) {
    ++first;
    for (int i = 0; i < 10; ++i)
      x.register_hook([&](const Tensor<double>&) {
        ++later;
        return Tensor<double>();
      });
    ++first;  // what the hook captured is still there
    return Tensor<double>();
  });
  product(x, x).backward();
  BOOST_TEST((first == 2 && later == 0));
  product(x, x).backward();
  BOOST_TEST((first == 4 && later == 10));
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_set_shares_no_memory) {
  const auto a = leaf(1), b = leaf(1);
  Tensor<double> gradient = Tensor<double>::from({5}, {1});
  a.set_grad(gradient);
  b.set_grad(gradient);
  a.grad().fill(100);
  BOOST_TEST(b.grad().item() == 5);
  BOOST_TEST(gradient.item() == 5);
  const auto address_of = [](const Tensor<double>& t) { return t.data(); };
  const double* const memory = address_of(gradient);
  a.set_grad(std::move(gradient));
  BOOST_TEST(address_of(a.grad()) == memory);
  a.set_grad({});
  BOOST_TEST(!a.grad().defined());
}

BOOST_AUTO_TEST_CASE(ops_may_have_several_outputs) {
  const auto x = leaf(5);
  const auto [a, b] = twice(x);
  product(a, b).backward();
  BOOST_TEST(x.grad().item() == 10);
  x.zero_grad();
  twice(x)[0].backward();  // nothing flows into the second output: zeros
  BOOST_TEST(x.grad().item() == 1);
}

BOOST_AUTO_TEST_CASE(a_long_chain_lives_and_dies_on_a_small_stack) {
  on_small_stack(256 * 1024, [] {
    const Variable<float> x(Tensor<float>::from({0.5F}, {1}), true);
    {
      Variable<float> y = x;
      for (int i = 0; i < 100'000; ++i) y = tanh(y);
      y.backward();
    }
    BOOST_TEST(x.grad().defined());
    Variable<float> unused = x;  // dies without a backward pass
    for (int i = 0; i < 100'000; ++i) unused = tanh(unused);
  });
}

BOOST_AUTO_TEST_CASE(an_overwritten_saved_value_is_an_error_that_names_both_ops) {
  auto x = leaf(3);
  const auto y = product(x, x);
  {
    const ActiveOp active("SGD step");
    x.value().fill(4);
  }
  BOOST_CHECK_EXCEPTION(y.backward(), GraphError, [](const GraphError& error) {
    const std::string message = error.what();
    return message.find("product saved") != message.npos &&
           message.find("SGD step wrote") != message.npos;
  });
}

BOOST_AUTO_TEST_CASE(reading_through_a_mutable_handle_is_not_a_write) {
  auto x = leaf(3);
  auto y = product(x, x);
  BOOST_TEST(x.value().data()[0] == 3);
  BOOST_TEST(x.value().array()(0) == 3);
  y.backward(true);
  x.value().data()[0] = 4;
  BOOST_CHECK_THROW(y.backward(true), GraphError);
  // The write is counted for those who saved before it, not for those who save after it.
  const auto z = product(x, x);
  z.backward();
  BOOST_TEST(x.grad().item() == 6 + 8);
}

BOOST_AUTO_TEST_CASE(a_write_after_backward_is_free) {
  auto x = leaf(3);
  for (int i = 0; i < 3; ++i) {
    product(x, x).backward();
    x.value().fill(i);
    x.zero_grad();
  }
}

BOOST_AUTO_TEST_CASE(temporaries_give_their_memory_away) {
  Variable<float> x(Tensor<float>(Shape{100}), true);
  Variable<float> scratch(Tensor<float>(Shape{100}));
  const float* const memory = address(scratch);
  BOOST_TEST(address(tanh(std::move(scratch))) == memory);
  BOOST_TEST(address(tanh(x)) != address(x));
  // Not if a backward function needs it: tanh saves its result.
  auto y = tanh(x);
  const float* const saved = address(y);
  BOOST_TEST(address(tanh(std::move(y))) != saved);
}

BOOST_AUTO_TEST_CASE(a_backward_function_that_forgets_an_input_is_an_error) {
  const OpInfo forgetful_op{"forgetful", "left, right", ""};
  const auto a = leaf(1), b = leaf(2);
  const auto y = record(forgetful_op, {a, b}, Tensor<double>::from({1}, {1}),
                        [](Backward<double>& g) { g.set_dx(0, g.dy()); });
  BOOST_CHECK_EXCEPTION(y.backward(), GraphError, [](const GraphError& error) {
    const std::string message = error.what();
    return message.find("forgetful") != message.npos && message.find("right") != message.npos;
  });
}

BOOST_AUTO_TEST_CASE(anomalies_are_found_where_they_arise) {
  const DetectAnomaly detect;
  const auto x = leaf(1e200);
  BOOST_CHECK_EXCEPTION(product(x, x), NumericError, [](const NumericError& error) {
    return std::string(error.what()).find("product: the output") == 0;
  });
  const auto small = product(leaf(1e-200), x);
  const OpInfo explosive_op{"explosive", "x", ""};
  const auto y = record(explosive_op, {small}, Tensor<double>::from({1}, {1}),
                        [](Backward<double>& g) { g.dx(0).fill(INFINITY); });
  BOOST_CHECK_EXCEPTION(y.backward(), NumericError, [](const NumericError& error) {
    return std::string(error.what()).find("explosive: the gradient of input x") == 0;
  });
}

BOOST_AUTO_TEST_CASE(an_anomalys_place_is_told_by_named_leaves) {
  const DetectAnomaly detect;
  const auto w = leaf(1e200), v = leaf(2);
  w.set_name("first.weight");
  v.set_name("second.weight");
  const auto begins = [](const char* text) {
    return [text](const NumericError& error) { return std::string(error.what()).find(text) == 0; };
  };
  BOOST_CHECK_EXCEPTION(product(w, w), NumericError,
                        begins("product of first.weight: the output"));
  const auto y = tanh(product(v, leaf(1)));
  const OpInfo explosive_op{"explosive", "x", ""};
  BOOST_CHECK_EXCEPTION(record(explosive_op, {y}, Tensor<double>::from({INFINITY}, {1}),
                               [](Backward<double>& g) { g.dx(0).fill(1); }),
                        NumericError, begins("explosive after second.weight: the output"));
}

BOOST_AUTO_TEST_CASE(memory_is_flat_over_ten_thousand_steps) {
  auto w = leaf(0.5);
  const auto step = [&] {
    auto y = tanh(product(w, w));
    for (int i = 0; i < 5; ++i) y = product(tanh(y), w);
    y.backward();
    w.value().data()[0] -= 0.01 * w.grad().item();
    w.zero_grad();
  };
  for (int i = 0; i < 10; ++i) step();
  const auto before = pool_counters();
  for (int i = 0; i < 10'000; ++i) step();
  BOOST_TEST(pool_counters().live_bytes == before.live_bytes);
  BOOST_TEST(pool_counters().system_allocations == before.system_allocations);
}

// An op that adds its gradient to what has arrived: y = x, dx = dy.
Variable<double> adding(const Variable<double>& x, std::vector<bool>& added) {
  static constexpr OpInfo adding_op{"adding", "x", "y = x\ndx = dy"};
  return record(adding_op, {x}, x.value().clone(), [&added](Backward<double>& b) {
    const auto [dx, add] = b.dx_sum(0);
    added.push_back(add);
    for (Index i = 0; i < dx.size(); ++i)
      dx.data()[i] = (add ? dx.data()[i] : 0) + std::as_const(b.dy()).data()[i];
  });
}

BOOST_AUTO_TEST_CASE(a_gradient_is_added_to_what_has_arrived_unless_others_hold_that) {
  const Variable<double> x(Tensor<double>::from({1, 2}, {2}), true);
  const Tensor<double> cotangent = Tensor<double>::from({10, 20}, {2});
  std::vector<bool> added;
  const auto first = adding(x, added), second = adding(x, added), third = adding(x, added);
  // The first to be reached hands its dy, which the caller holds, to x as it is.
  (first + second + third + x).backward(cotangent, true);
  BOOST_TEST(x.grad().data()[0] == 40);
  BOOST_TEST(x.grad().data()[1] == 80);
  BOOST_TEST(cotangent.data()[0] == 10);
  BOOST_TEST(added.size() == 3u);
  BOOST_TEST(added[2]);
  // What a hook sees is the whole sum, and a second pass starts from nothing.
  double seen = 0;
  x.register_hook([&](const Tensor<double>& gradient) {
    seen = gradient.data()[0];
    return Tensor<double>();
  });
  x.zero_grad();
  (first + second).backward(cotangent);
  BOOST_TEST(seen == 20);
  BOOST_TEST(x.grad().data()[0] == 20);
}

BOOST_AUTO_TEST_CASE(rows_taken_in_a_loop_add_up) {
  constexpr Index steps = 50;
  const Variable<double> x(Tensor<double>(Shape{steps, 3}), true);
  Variable<double> sum = slice(x, 0, 0, 2);
  for (Index t = 1; t + 1 < steps; ++t) sum = sum + double(t) * slice(x, 0, t, t + 2);
  sum.backward(Tensor<double>::full({2, 3}, 1));
  for (Index t = 0; t < steps; ++t) {
    const double as_first = t + 1 < steps ? std::max<double>(double(t), t == 0 ? 1 : 0) : 0;
    const double as_second = t > 0 ? std::max<double>(double(t - 1), t == 1 ? 1 : 0) : 0;
    BOOST_TEST(x.grad().data()[3 * t] == as_first + as_second);
  }
}

BOOST_AUTO_TEST_SUITE_END()
