// What the generated tests do not see: sharing and reuse of memory, ties, NaN, and results at sizes
// that take several chunks.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

using namespace xgrad;

namespace {

using Var = Variable<float>;

Tensor<float> random_tensor(const Shape& shape, const char* name = "x") {
  RandomStream random(5, name);
  Tensor<float> x = Tensor<float>::empty(shape);
  for (float& value : x.values()) value = static_cast<float>(random.uniform(-1, 1));
  return x;
}

bool same_bytes(const Tensor<float>& a, const Tensor<float>& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(float)) == 0;
}

std::vector<float> values(const Tensor<float>& x) {
  return std::vector<float>(x.values().begin(), x.values().end());
}

template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};

// The operators are for variables of one type, and for numbers beside them, and for nothing else.
static_assert(Addable<Var, Var> && Addable<Var, int> && Addable<double, Var>);
static_assert(!Addable<Var, Variable<double>> && !Addable<Var, std::string>);
static_assert(!Addable<Tensor<float>, Tensor<float>> && !Addable<Tensor<float>, Var>);

}  // namespace

BOOST_AUTO_TEST_SUITE(basic_ops)

BOOST_AUTO_TEST_CASE(temporaries_give_their_memory_and_named_variables_do_not) {
  const Var x(random_tensor({3, 4}), true), s(random_tensor({3, 4}));
  Var t = x + s;
  const float* const memory = std::as_const(t).value().data();
  const Var y = 1 - 2 * exp(sigmoid(relu(std::move(t)))) / 3;
  // relu, sigmoid and exp save their results, so only the last ops can go on in place.
  Var u = x + s;
  const float* const other = std::as_const(u).value().data();
  const Var z = 3 * (-(std::move(u) + 1)) - s;
  BOOST_TEST(z.value().data() == other);
  BOOST_TEST(y.value().data() != memory);
  BOOST_TEST(same_bytes(x.value(), random_tensor({3, 4})));
}

BOOST_AUTO_TEST_CASE(a_factor_that_a_gradient_needs_is_not_overwritten) {
  const Var x(random_tensor({5}), true), w(random_tensor({5}, "w"), true);
  const Var y = sum((x + 1.0f) * (w + 2.0f));
  y.backward();
  for (std::size_t i = 0; i < 5; ++i) {
    BOOST_TEST(values(x.grad())[i] == values(w.value())[i] + 2.0f);
    BOOST_TEST(values(w.grad())[i] == values(x.value())[i] + 1.0f);
  }
}

BOOST_AUTO_TEST_CASE(a_step_beyond_the_axis_takes_the_first_element) {
  constexpr Index huge = std::numeric_limits<Index>::max();
  const Var x(Tensor<float>::from({1, 2, 3, 4, 5, 6}, {2, 3}), true);
  const Var y = slice(x, 1, 1, 3, huge);
  BOOST_TEST(y.shape() == (Shape{2, 1}));
  BOOST_TEST(values(y.value()) == (std::vector<float>{2, 5}));
  sum(y).backward();
  BOOST_TEST(values(x.grad()) == (std::vector<float>{0, 1, 0, 0, 1, 0}));
  BOOST_TEST(slice(x, 1, 3, 3, huge).shape() == (Shape{2, 0}));
}

BOOST_AUTO_TEST_CASE(reshape_and_leading_slices_share_memory) {
  const Var x(random_tensor({4, 6}));
  BOOST_TEST(reshape(x, {2, 12}).value().data() == x.value().data());
  BOOST_TEST(flatten(x, 0).value().data() == x.value().data());
  BOOST_TEST(slice(x, 0, 1, 3).value().data() == x.value().data() + 6);
  const Var y = relu(slice(x, 0, 1, 3));
  BOOST_TEST(y.value().data() != x.value().data() + 6);
  BOOST_TEST(same_bytes(x.value(), random_tensor({4, 6})));
}

BOOST_AUTO_TEST_CASE(the_first_of_equal_maxima_gets_the_gradient) {
  const Var x(Tensor<float>::from({1, 7, 7, 2, 7, 0, 7, 7}, {2, 2, 2}), true);
  max(x).backward();
  BOOST_TEST(values(x.grad()) == (std::vector<float>{0, 1, 0, 0, 0, 0, 0, 0}));
  x.zero_grad();
  max(x, {0, 2}).backward(Tensor<float>::from({3, 5}, {2}));
  BOOST_TEST(values(x.grad()) == (std::vector<float>{0, 3, 5, 0, 0, 0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(a_nan_is_the_maximum) {
  const Var x(Tensor<float>::from({1, NAN, 3, 4, 5, 6}, {2, 3}));
  const auto rows = values(max(x, 1).value()), columns = values(max(x, 0).value());
  BOOST_TEST((std::isnan(rows[0]) && rows[1] == 6));
  BOOST_TEST((columns[0] == 4 && std::isnan(columns[1]) && columns[2] == 6));
}

BOOST_AUTO_TEST_CASE(dropout_drops_its_share_and_keeps_the_mean) {
  const Index n = 100001;
  RandomStream random(1, "test");
  const Var x(Tensor<float>::full({n}, 2), true);
  const Var y = dropout(x, 0.3, true, random);
  BOOST_TEST(random.position() == static_cast<std::uint64_t>((n + 3) / 4 * 4));
  const auto kept = std::count_if(y.value().values().begin(), y.value().values().end(),
                                  [](float value) { return value != 0; });
  // Within five standard deviations.
  BOOST_TEST(std::abs(static_cast<double>(kept) - 0.7 * n) < 5 * std::sqrt(0.3 * 0.7 * n));
  y.backward(Tensor<float>::full({n}, 2));
  BOOST_TEST(same_bytes(x.grad(), y.value()));
}

BOOST_AUTO_TEST_CASE(dropout_is_the_identity_in_evaluation_and_draws_nothing) {
  RandomStream random(1, "test");
  const Var x(random_tensor({3, 4}), true);
  BOOST_TEST(dropout(x, 0.5, false, random).value().data() == x.value().data());
  BOOST_TEST(dropout(x, 0, true, random).value().data() == x.value().data());
  BOOST_TEST(random.position() == 0u);
}

BOOST_AUTO_TEST_CASE(large_results_do_not_depend_on_the_number_of_threads) {
  const int before = num_threads();
  const auto compute = [] {
    const Var x(random_tensor({9, 50, 41, 16}), true), row(random_tensor({16}, "row"), true),
        column(random_tensor({9, 1, 41, 1}, "column"), true);
    RandomStream random(1, "test");
    const Var a = tanh(x * row + column) / (2 + row * column);
    const Var b = dropout(permute(a, {0, 3, 1, 2}), 0.2, true, random);
    const Var c = concat(
        {pad(b, {{0, 0}, {1, 0}, {2, 2}, {0, 1}}, 1), pad(b, {{0, 0}, {0, 1}, {0, 4}, {1, 0}})}, 2);
    const Var d = slice(c, 3, 1, 40, 3);
    const Var y = sum(d) + sum(mean(c, {0, 2}) * max(c, {0, 2})) + sum(c, {1, 3}, true) * 0.5;
    y.backward(Tensor<float>::full(y.shape(), 1));
    return std::vector{a.value(), c.value(), y.value(), x.grad(), row.grad(), column.grad()};
  };
  set_num_threads(1);
  const auto one = compute();
  for (const int threads : {2, 3}) {
    set_num_threads(threads);
    const auto many = compute();
    for (std::size_t i = 0; i < one.size(); ++i)
      BOOST_TEST(same_bytes(one[i], many[i]), "result " << i);
  }
  set_num_threads(before);
}

// Naive transposition at the sizes of real images.
BOOST_AUTO_TEST_CASE(large_permutations_are_exact) {
  const Index n = 3, h = 37, w = 29, c = 33;
  const Tensor<float> x = random_tensor({n, h, w, c});
  const Tensor<float> y = permute(Var(x), {0, 3, 1, 2}).value();
  bool same = true;
  for (Index i = 0; i < n; ++i)
    for (Index k = 0; k < c; ++k)
      for (Index p = 0; p < h * w; ++p)
        same &= y.data()[(i * c + k) * h * w + p] == x.data()[(i * h * w + p) * c + k];
  BOOST_TEST(same);
  BOOST_TEST(same_bytes(permute(Var(y), {0, 2, 3, 1}).value(), x));
}

BOOST_AUTO_TEST_SUITE_END()
