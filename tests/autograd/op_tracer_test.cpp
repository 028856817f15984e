#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/op_tracer.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/shape.hpp>

using namespace xgrad;

namespace {

// "linear [2, 3] [4, 3] - -> [2, 4]": the op, the shapes of its inputs ("-": absent) and of its
// result, the names of its options.
class Listing final : public OpTracer<float> {
 public:
  std::vector<std::string> lines;
  std::vector<double> numbers;  // of all options

 private:
  void traced(const TracedOp<float>& op) override {
    std::string line = op.op.name;
    for (const Variable<float>* const x : op.inputs)
      line += fmt::format(" {}", x->defined() ? x->shape().to_string() : "-");
    line += fmt::format(" -> {}", op.results.front().shape().to_string());
    for (const OpOption<float>& option : op.options) {
      line += fmt::format(" {}", option.name);
      if (const auto* const number = std::get_if<double>(&option.value)) numbers.push_back(*number);
      if (const auto* const integers = std::get_if<std::vector<Index>>(&option.value))
        numbers.insert(numbers.end(), integers->begin(), integers->end());
    }
    lines.push_back(line);
  }
};

using Lines = std::vector<std::string>;

Variable<float> ones(const Shape& shape) { return Tensor<float>::full(shape, 1.0f); }

}  // namespace

BOOST_AUTO_TEST_SUITE(op_tracer)

BOOST_AUTO_TEST_CASE(hears_what_ops_are_given_and_what_they_make) {
  const Variable<float> x = ones({2, 3}), w = ones({4, 3});
  Listing listing;
  const Variable<float> y = linear(x, w);
  concat({x, y, x}, 1);
  tanh(x + 2.5f);
  BOOST_TEST(listing.lines == (Lines{"linear [2, 3] [4, 3] - -> [2, 4]",
                                     "concat [2, 3] [2, 4] [2, 3] -> [2, 10] axis",
                                     "add_scalar [2, 3] -> [2, 3] s", "tanh [2, 3] -> [2, 3]"}),
             boost::test_tools::per_element());
  BOOST_TEST(listing.numbers == (std::vector<double>{1, 2.5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nothing_is_put_off_while_it_lives) {
  BatchNormStats<float> stats(3);
  const auto pooled = [&] {
    return max_pool2d(tanh(batch_norm(exp(ones({1, 4, 6, 3})), {}, {}, stats, {.training = false})),
                      {.kernel = {2, 3}});
  };
  const NoGrad no_grad;
  const Variable<float> fused = pooled();
  Listing listing;
  const Variable<float> one_by_one = pooled();
  BOOST_TEST(
      listing.lines ==
          (Lines{"exp [1, 4, 6, 3] -> [1, 4, 6, 3]",
                 "batch_norm [1, 4, 6, 3] - - -> [1, 4, 6, 3] training running_mean running_var "
                 "eps",
                 "tanh [1, 4, 6, 3] -> [1, 4, 6, 3]",
                 "max_pool2d [1, 4, 6, 3] -> [1, 2, 2, 3] kernel stride padding"}),
      boost::test_tools::per_element());
  BOOST_TEST(fused.value().values() == one_by_one.value().values(),
             boost::test_tools::tolerance(1e-6f) << boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(options_of_another_op_are_not_taken_for_its_own) {
  const Variable<float> x = ones({2});
  Listing listing;
  OpTracer<float>::note(pow_op, {{"exponent", 2.0}});
  exp(x);
  BOOST_TEST(listing.lines == Lines{"exp [2] -> [2]"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_for_float_hears_nothing_of_double) {
  Listing listing;
  exp(Variable<double>(Tensor<double>::full({2}, 1.0)) + 1.0);
  BOOST_TEST(listing.lines.empty());
}

BOOST_AUTO_TEST_SUITE_END()
