#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/op_listener.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/sgd.hpp>

using namespace xgrad;

namespace {

class Recorder : public OpListener {
 public:
  std::vector<std::string> heard;

 private:
  void finished(const char* op, OpPass pass) override {
    heard.push_back((pass == OpPass::forward    ? "forward "
                     : pass == OpPass::backward ? "backward "
                                                : "update ") +
                    std::string(op));
  }
};

using Words = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(op_listener)

BOOST_AUTO_TEST_CASE(hears_of_every_op_in_the_order_in_which_they_finish) {
  const Variable<float> w(Tensor<float>::from({1, 2, 3}, {3}), true);
  const std::vector<Variable<float>> parameters{w};
  optim::SGD<float> sgd(parameters, {.lr = 0.1});
  Recorder recorder;
  sum(tanh(w)).backward();
  optim::clip_grad_norm(parameters, 100.0);
  sgd.step();
  BOOST_TEST(recorder.heard == (Words{"forward tanh", "forward sum", "backward sum",
                                      "backward tanh", "update clip_grad_norm", "update SGD step"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(hears_of_ops_that_are_not_recorded) {
  const Variable<float> w(Tensor<float>::from({1, 2, 3}, {3}), true);
  const NoGrad no_grad;
  Recorder recorder;
  tanh(w);
  BOOST_TEST(recorder.heard == Words{"forward tanh"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_innermost_one_hears_and_only_while_it_lives) {
  const Variable<float> x = Tensor<float>::from({1, 2, 3}, {3});
  Recorder outer;
  {
    Recorder inner;
    tanh(x);
    BOOST_TEST(inner.heard.size() == 1U);
  }
  BOOST_TEST(outer.heard.empty());
  exp(x);
  BOOST_TEST(outer.heard == Words{"forward exp"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
