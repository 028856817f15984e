#include <boost/test/unit_test.hpp>

#include <xgrad/core/error.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>

#include <cstring>
#include <type_traits>

using namespace xgrad;

namespace {

template <class T>
class Block : public nn::Module<T> {
 public:
  Variable<T> forward(Variable<T> x) override { return norm(conv(std::move(x))); }
  nn::Conv2d<T>& conv = this->add("conv", nn::Conv2d<T>(2, 3, {2, 1}));
  nn::BatchNorm2d<T>& norm = this->add("norm", nn::BatchNorm2d<T>(3));
};

template <class T>
class Net : public nn::Module<T> {
 public:
  const Variable<T> scale = this->parameter("scale", Tensor<T>::full({3}, T(2)));
  nn::Sequential<T>& features =
      this->add("features", nn::Sequential<T>(Block<T>(), nn::Dropout<T>(0.5)));
  nn::Linear<T>& fc = this->add("fc", nn::Linear<T>(3, 4, false));
};

template <class Named>
std::vector<std::string> names_of(const Named& named) {
  std::vector<std::string> names;
  for (const auto& entry : named) names.push_back(entry.first);
  return names;
}

template <class T>
bool same_bytes(const Tensor<T>& a, const Tensor<T>& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nn_module)

BOOST_AUTO_TEST_CASE(parameters_are_listed_once_by_their_paths) {
  const Net<float> net;
  const std::vector<std::string> expected{"scale",
                                          "features.0.conv.weight",
                                          "features.0.conv.bias",
                                          "features.0.norm.weight",
                                          "features.0.norm.bias",
                                          "fc.weight"};
  const auto named = net.named_parameters();
  BOOST_TEST(names_of(named) == expected, boost::test_tools::per_element());
  for (const auto& [path, parameter] : named) {
    BOOST_TEST(parameter.name() == path);
    BOOST_TEST(parameter.requires_grad());
  }
  const std::vector<std::string> buffers{"features.0.norm.running_mean",
                                         "features.0.norm.running_var",
                                         "features.0.norm.num_batches_tracked"};
  BOOST_TEST(names_of(net.named_buffers()) == buffers, boost::test_tools::per_element());
  BOOST_TEST(net.parameters().size() == expected.size());
  BOOST_TEST(net.parameter_count() == 3 + (3 * 2 * 2 + 3) + (3 + 3) + 4 * 3);
}

BOOST_AUTO_TEST_CASE(modules_move_and_what_refers_to_them_stays_valid) {
  static_assert(std::is_move_constructible_v<Net<float>> &&
                !std::is_copy_constructible_v<Net<float>>);
  static_assert(std::is_move_constructible_v<nn::BatchNorm2d<float>>);
  Net<float> net;
  nn::Linear<float>& fc = net.fc;
  const Net<float> moved = std::move(net);
  BOOST_TEST(&moved.fc == &fc);
  nn::init::constant(fc.weight.value(), 5);
  BOOST_TEST(moved.named_parameters().back().second.value().data()[0] == 5);
}

BOOST_AUTO_TEST_CASE(convolution_weights_are_channels_first_in_the_state) {
  const Net<float> net;
  const auto& conv = static_cast<const Block<float>&>(*net.features.children()[0].module).conv;
  BOOST_TEST((conv.weight.shape() == Shape{3, 2, 1, 2}));  // [O, kh, kw, I]
  const auto stored = net.state_dict().at("features.0.conv.weight");
  BOOST_TEST((stored.shape() == Shape{3, 2, 2, 1}));  // [O, I, kh, kw]
  for (Index o = 0; o < 3; ++o)
    for (Index y = 0; y < 2; ++y)
      for (Index c = 0; c < 2; ++c)
        BOOST_TEST(stored.data()[(o * 2 + c) * 2 + y] ==
                   conv.weight.value().data()[(o * 2 + y) * 2 + c]);

  const nn::Conv1d<double> conv1d(4, 6, 3, {.groups = 2});
  const auto stored1d = conv1d.state_dict().at("weight");
  BOOST_TEST((stored1d.shape() == Shape{6, 2, 3}));
  BOOST_TEST(stored1d.data()[1] == conv1d.weight.value().data()[2]);
}

BOOST_AUTO_TEST_CASE(a_state_is_a_copy_and_loading_it_is_exact) {
  Net<float> net, other;
  const auto state = net.state_dict();
  const std::vector<std::string> expected{"fc.weight",
                                          "features.0.conv.bias",
                                          "features.0.conv.weight",
                                          "features.0.norm.bias",
                                          "features.0.norm.num_batches_tracked",
                                          "features.0.norm.running_mean",
                                          "features.0.norm.running_var",
                                          "features.0.norm.weight",
                                          "scale"};
  BOOST_TEST(names_of(state) == expected, boost::test_tools::per_element());
  const float* const memory = std::as_const(other).fc.weight.value().data();
  BOOST_TEST(!same_bytes(net.fc.weight.value(), other.fc.weight.value()));
  other.load_state_dict(state);
  BOOST_TEST(other.fc.weight.value().data() == memory);  // in place
  const auto a = net.named_parameters(), b = other.named_parameters();
  for (std::size_t i = 0; i < a.size(); ++i)
    BOOST_TEST(same_bytes(a[i].second.value(), b[i].second.value()), a[i].first);
  for (const auto& [name, tensor] : other.state_dict())
    BOOST_TEST(same_bytes(tensor, state.at(name)));
  nn::init::constant(net.scale.value(), 9);
  BOOST_TEST(state.at("scale").data()[0] == 2);
  BOOST_TEST(other.scale.value().data()[0] == 2);
}

BOOST_AUTO_TEST_CASE(everything_that_does_not_fit_is_listed_and_nothing_is_changed) {
  Net<float> net;
  auto state = net.state_dict();
  state["scale"].fill(7);
  state.erase("fc.weight");
  state["features.0.conv.weight"] = Tensor<float>({3, 2, 1, 2});
  state["fc.bias"] = Tensor<float>(Shape{4});
  try {
    net.load_state_dict(state);
    BOOST_ERROR("nothing was thrown");
  } catch (const ValueError& error) {
    const std::string message = error.what();
    for (const char* part :
         {"missing: fc.weight [4, 3]", "unexpected: fc.bias [4]",
          "wrong shape: features.0.conv.weight has [3, 2, 1, 2], expected [3, 2, 2, 1]"})
      BOOST_TEST(message.find(part) != message.npos, part << " is not in: " << message);
  }
  BOOST_TEST(net.scale.value().data()[0] == 2);
  BOOST_CHECK_THROW(net.load_state_dict(state, false), ValueError);  // shapes must fit in any case
  state.erase("features.0.conv.weight");
  net.load_state_dict(state, false);
  BOOST_TEST(net.scale.value().data()[0] == 7);
}

BOOST_AUTO_TEST_CASE(training_and_gradients_reach_all_children) {
  Net<float> net;
  const auto& dropout = *net.features.children()[1].module;
  BOOST_TEST(dropout.is_training());
  net.eval();
  BOOST_TEST(!net.is_training());
  BOOST_TEST(!dropout.is_training());
  net.train();
  BOOST_TEST(dropout.is_training());

  for (const auto& parameter : net.parameters())
    parameter.set_grad(Tensor<float>(parameter.shape()));
  net.zero_grad();
  for (const auto& parameter : net.parameters()) BOOST_TEST(!parameter.grad().defined());
}

BOOST_AUTO_TEST_CASE(sequential_calls_its_modules_in_order) {
  nn::Sequential<double> net(nn::Linear<double>(2, 3));
  nn::Linear<double>& second = net.append(nn::Linear<double>(3, 1));
  net.load_state_dict({{"0.weight", Tensor<double>::from({1, 0, 0, 1, 1, 1}, {3, 2})},
                       {"0.bias", Tensor<double>::from({0, 0, 10}, {3})},
                       {"1.weight", Tensor<double>::from({1, 2, 3}, {1, 3})},
                       {"1.bias", Tensor<double>::from({-1}, {1})}});
  const Variable<double> y = net(Variable<double>(Tensor<double>::from({5, 7}, {1, 2})));
  BOOST_TEST(y.item() == 5 + 2 * 7 + 3 * (10 + 5 + 7) - 1);
  y.backward();
  BOOST_TEST(second.bias.grad().item() == 1);
  BOOST_TEST(nn::Sequential<double>()(y).item() == y.item());
}

BOOST_AUTO_TEST_SUITE_END()
