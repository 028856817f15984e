// set_float32_matmul_precision("medium"): products of numbers rounded to bfloat16, added up in float.

#include <boost/test/unit_test.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>

#include <models/lenet/lenet.hpp>
#include <xgrad/core/precision.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/kernels/simd/bf16.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/conv.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/recurrent.hpp>
#include <xgrad/ops/reduce.hpp>

using namespace xgrad;

namespace {

struct Medium {
  Medium() { set_float32_matmul_precision("medium"); }
  ~Medium() { set_float32_matmul_precision("highest"); }
};

boost::test_tools::assertion_result cpu_has_bf16(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result has(kernels::has_bf16());
  has.message() << "this CPU, or the level in XGRAD_SIMD, has no AVX512-BF16";
  return has;
}

template <class T>
Tensor<T> random(const Shape& shape, const char* stream) {
  RandomStream numbers(7, stream);
  Tensor<T> x = Tensor<T>::empty(shape);
  for (T& value : x.values()) value = static_cast<T>(static_cast<float>(numbers.uniform(-1, 1)));
  return x;
}

// To the nearest bfloat16, ties to even.
float rounded(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}
template <class T>
Tensor<T> rounded(const Tensor<T>& x) {
  Tensor<T> y = x.clone();
  for (T& value : y.values()) value = static_cast<T>(rounded(static_cast<float>(value)));
  return y;
}

template <class T>
using Inputs = std::vector<Tensor<T>>;
template <class T>
using Function = std::function<Variable<T>(const std::vector<Variable<T>>&)>;

// f's value and the gradients of its inputs, for the cotangent `dy`.
template <class T>
Inputs<T> all_passes(const Function<T>& f, const Inputs<T>& x, const Tensor<T>& dy) {
  std::vector<Variable<T>> leaves;
  for (const auto& value : x) leaves.emplace_back(value.clone(), true);
  const Variable<T> y = f(leaves);
  Inputs<T> all{y.value().clone()};
  sum(y * Variable<T>(dy)).backward();
  for (const auto& leaf : leaves) all.push_back(leaf.grad().clone());
  return all;
}

bool same_bits(const Tensor<float>& a, const Tensor<float>& b) {
  return std::memcmp(a.data(), b.data(), a.values().size_bytes()) == 0;
}

// ||a - b|| / ||b||
template <class A, class B>
double distance(const Tensor<A>& a, const Tensor<B>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < b.values().size(); ++i) {
    const auto expected = static_cast<double>(b.values()[i]);
    difference += std::pow(static_cast<double>(a.values()[i]) - expected, 2);
    norm += expected * expected;
  }
  return std::sqrt(difference / norm);
}

// The products of an op that is linear in each input, in float and in double.
struct Products {
  const char* name;
  std::vector<Shape> inputs;
  Shape output;
  Function<float> in32;
  Function<double> in64;
  bool all_rounded = true;  // no columns are left over that are computed in float
};

template <class T>
Variable<T> convolve(const std::vector<Variable<T>>& x, const Conv2dOptions& options) {
  return conv2d(x[0], x[1], {}, options);
}

const std::vector<Products>& products() {
  const auto linear_ = []<class T>(const std::vector<Variable<T>>& x) {
    return linear(x[0], x[1], {});
  };
  const auto matmul_ = []<class T>(const std::vector<Variable<T>>& x) { return matmul(x[0], x[1]); };
  const auto conv = [](const Conv2dOptions& options) {
    return [options]<class T>(const std::vector<Variable<T>>& x) { return convolve(x, options); };
  };
  static const std::vector<Products> all{
      {"linear", {{70, 160}, {96, 160}}, {70, 96}, linear_, linear_},
      {"linear of odd widths", {{71, 131}, {93, 131}}, {71, 93}, linear_, linear_, false},
      {"matmul", {{257, 64}, {64, 96}}, {257, 96}, matmul_, matmul_},
      {"conv2d of lenet's second layer",
       {{9, 14, 14, 16}, {32, 5, 5, 16}},
       {9, 14, 14, 32},
       conv({.padding = 2}),
       conv({.padding = 2})},
      {"conv2d 3x3 of many channels",
       {{3, 9, 11, 32}, {64, 3, 3, 32}},
       {3, 7, 9, 64},
       conv({}),
       conv({})},
      {"conv2d with a stride",
       {{5, 15, 15, 32}, {48, 3, 3, 32}},
       {5, 8, 8, 48},
       conv({.stride = 2, .padding = 1}),
       conv({.stride = 2, .padding = 1})},
  };
  return all;
}

template <class T>
Inputs<T> random_inputs(const Products& p) {
  Inputs<T> x;
  for (std::size_t i = 0; i < p.inputs.size(); ++i)
    x.push_back(random<T>(p.inputs[i], i == 0 ? "x" : "w"));
  return x;
}

template <class T>
Inputs<T> rounded(const Inputs<T>& x) {
  Inputs<T> all;
  for (const auto& value : x) all.push_back(rounded(value));
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bf16)

BOOST_AUTO_TEST_CASE(the_word_in_force_can_be_asked_for) {
  BOOST_TEST(get_float32_matmul_precision() == "highest");
  {
    const Medium medium;
    BOOST_TEST(get_float32_matmul_precision() == "medium");
  }
  set_float32_matmul_precision("high");
  BOOST_TEST(get_float32_matmul_precision() == "high");
  set_float32_matmul_precision("highest");
}

// Of numbers that bfloat16 has, the products are exact, so that only float's sums round.
BOOST_AUTO_TEST_CASE(products_of_rounded_numbers_are_those_of_double) {
  for (const Products& p : products()) {
    const auto x = rounded(random_inputs<double>(p));
    const auto dy = rounded(random<double>(p.output, "dy"));
    const auto expected = all_passes<double>(p.in64, x, dy);
    const Medium medium;
    const auto got = all_passes<float>(p.in32, rounded(random_inputs<float>(p)),
                                       rounded(random<float>(p.output, "dy")));
    for (std::size_t i = 0; i < expected.size(); ++i)
      // The relative error of a sum of n random terms is about sqrt(n) / 4 epsilons; n is up to 1800.
      BOOST_TEST(distance(got[i], expected[i]) < 2e-6, p.name << ", tensor " << i);
  }
}

BOOST_AUTO_TEST_CASE(numbers_are_rounded_to_the_nearest,
                     *boost::unit_test::precondition(cpu_has_bf16)) {
  for (const Products& p : products()) {
    const auto x = random_inputs<float>(p);
    const auto dy = random<float>(p.output, "dy");
    const auto highest = all_passes<float>(p.in32, x, dy);
    const Medium medium;
    const auto got = all_passes<float>(p.in32, x, dy);
    const auto of_rounded = all_passes<float>(p.in32, rounded(x), rounded(dy));
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (p.all_rounded)
        BOOST_TEST(same_bits(got[i], of_rounded[i]), p.name << ", tensor " << i);
      // Two factors are off by up to 2^-9, 2^-9 / sqrt(3) at the root of the mean square.
      const double off = distance(got[i], highest[i]);
      BOOST_TEST((5e-4 < off && off < 4e-3), p.name << ", tensor " << i << " off by " << off);
    }
  }
}

BOOST_AUTO_TEST_CASE(double_is_not_rounded) {
  for (const Products& p : products()) {
    const auto x = random_inputs<double>(p);
    const auto dy = random<double>(p.output, "dy");
    const auto expected = all_passes<double>(p.in64, x, dy);
    const Medium medium;
    const auto got = all_passes<double>(p.in64, x, dy);
    for (std::size_t i = 0; i < got.size(); ++i)
      BOOST_TEST(std::memcmp(got[i].data(), expected[i].data(), got[i].values().size_bytes()) == 0,
                 p.name << ", tensor " << i);
  }
}

// A recurrent layer rounds its state before every product; the error of each step is forgotten as
// fast as the step itself.
BOOST_AUTO_TEST_CASE(recurrent_layers_stay_close, *boost::unit_test::precondition(cpu_has_bf16)) {
  constexpr Index steps = 20, batch = 19, inputs = 33, hidden = 50;
  struct Cell {
    const char* name;
    Index gates;
    RecurrentResult<float> (*layer)(const RecurrentInput<float>&, const RecurrentState<float>&,
                                    const RecurrentWeights<float>&, const RecurrentOptions&);
  };
  for (const Cell& cell : {Cell{"rnn_tanh", 1, rnn_tanh<float>}, Cell{"lstm", 4, lstm<float>},
                           Cell{"gru", 3, gru<float>}}) {
    const Function<float> f = [&](const std::vector<Variable<float>>& x) {
      return cell.layer(x[0], {}, {.w_ih = x[1], .w_hh = x[2]}, {}).output;
    };
    const float scale = 1 / std::sqrt(static_cast<float>(hidden));
    Inputs<float> x{random<float>({steps, batch, inputs}, "x"),
                    random<float>({cell.gates * hidden, inputs}, "w_ih"),
                    random<float>({cell.gates * hidden, hidden}, "w_hh")};
    for (std::size_t i : {1U, 2U})
      for (float& value : x[i].values()) value *= scale;
    const auto dy = random<float>({steps, batch, hidden}, "dy");
    const auto highest = all_passes<float>(f, x, dy);
    const Medium medium;
    const auto got = all_passes<float>(f, x, dy);
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double off = distance(got[i], highest[i]);
      BOOST_TEST((1e-5 < off && off < 0.01), cell.name << ", tensor " << i << " off by " << off);
    }
  }
}

// The gradients of a whole model, without max-pooling: that sends a gradient elsewhere when a little
// error lets another element win, as one in a hundred does, and sqrt(2 / 100) is no little error.
BOOST_AUTO_TEST_CASE(gradients_of_a_model_stay_close, *boost::unit_test::precondition(cpu_has_bf16)) {
  manual_seed(1);
  models::LeNet5<float> model;
  const Variable<float> images(random<float>({8, 28, 28, 1}, "images"));
  const std::vector<std::int32_t> labels{1, 2, 3, 4, 5, 6, 7, 8};
  const auto gradients = [&] {
    model.zero_grad();
    cross_entropy(model(images), labels).backward();
    std::vector<std::pair<std::string, Tensor<float>>> all;
    for (const auto& [name, parameter] : model.named_parameters())
      all.emplace_back(name, parameter.grad().clone());
    return all;
  };
  const auto highest = gradients();
  const Medium medium;
  const auto got = gradients();
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double off = distance(got[i].second, highest[i].second);
    BOOST_TEST((1e-5 < off && off < 0.01), got[i].first << " off by " << off);
  }
}

BOOST_AUTO_TEST_SUITE_END()
