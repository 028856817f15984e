#include <boost/test/unit_test.hpp>

#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cmath>
#include <cstring>
#include <memory>
#include <string>

using namespace xgrad;
using optim::Adam;
using optim::AdamW;
using optim::SGD;

namespace {

template <class T>
Tensor<T> random_tensor(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed, "optimizer test");
  Tensor<T> x = Tensor<T>::empty(shape);
  for (T& value : x.values()) value = static_cast<T>(random.uniform(-1, 1));
  return x;
}

// 5 * 7 = 35 elements: whole vectors and a tail at every instruction set.
template <class T>
Variable<T> make_parameter(std::uint64_t seed = 0) {
  return Variable<T>(random_tensor<T>({5, 7}, seed), true);
}

constexpr int steps = 5;

// Takes some steps with `optimizer` and compares with `rule(p, g, t)`, which does the same to one
// element and is written from PyTorch's documentation.
template <class T, class Rule, class... State>
void check_against(optim::Optimizer<T>& optimizer, const Variable<T>& parameter, double tolerance,
                   Rule make_rule) {
  const Tensor<T> start = parameter.value().clone();
  for (int t = 1; t <= steps; ++t) {
    parameter.set_grad(random_tensor<T>(parameter.shape(), static_cast<std::uint64_t>(t)));
    optimizer.step();
  }
  for (Index i = 0; i < start.size(); ++i) {
    auto rule = make_rule();
    auto p = static_cast<double>(std::as_const(start).data()[i]);
    for (int t = 1; t <= steps; ++t) {
      const auto g = random_tensor<T>(parameter.shape(), static_cast<std::uint64_t>(t));
      rule(p, static_cast<double>(g.data()[i]), t);
    }
    const auto found = static_cast<double>(parameter.value().data()[i]);
    BOOST_TEST(std::abs(found - p) <= tolerance, "element " << i << ": " << found << ", not " << p);
  }
}

template <class T>
void check_sgd(optim::SGDOptions o, double tolerance) {
  const auto parameter = make_parameter<T>();
  SGD<T> sgd({parameter}, o);
  check_against<T>(sgd, parameter, tolerance, [=] {
    return [=, v = 0.0](double& p, double g, int t) mutable {
      g += o.weight_decay * p;
      if (o.momentum != 0) {
        v = t == 1 ? g : o.momentum * v + g;
        g = o.nesterov ? g + o.momentum * v : v;
      }
      p -= o.lr * g;
    };
  });
}

template <class T, class Optimizer, class Options>
void check_adam(Options o, bool decoupled, double tolerance) {
  const auto parameter = make_parameter<T>();
  Optimizer adam({parameter}, o);
  check_against<T>(adam, parameter, tolerance, [=] {
    return [=, m = 0.0, v = 0.0](double& p, double g, int t) mutable {
      if (decoupled)
        p -= o.lr * o.weight_decay * p;
      else
        g += o.weight_decay * p;
      m = o.beta1 * m + (1 - o.beta1) * g;
      v = o.beta2 * v + (1 - o.beta2) * g * g;
      const double m_hat = m / (1 - std::pow(o.beta1, t));
      const double v_hat = v / (1 - std::pow(o.beta2, t));
      p -= o.lr * m_hat / (std::sqrt(v_hat) + o.eps);
    };
  });
}

template <class T>
bool same_bytes(const Tensor<T>& a, const Tensor<T>& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optim_optimizer)

// Parameters are near 1 and the steps exact to a few roundings, of 1e-16 and 6e-8.
BOOST_AUTO_TEST_CASE(sgd_follows_the_formula) {
  for (const double weight_decay : {0.0, 0.02})
    for (const double momentum : {0.0, 0.9})
      for (const bool nesterov : {false, true}) {
        if (nesterov && momentum == 0) continue;
        const optim::SGDOptions options{
            .lr = 0.1, .momentum = momentum, .nesterov = nesterov, .weight_decay = weight_decay};
        check_sgd<double>(options, 2e-15);
        check_sgd<float>(options, 1e-6);
      }
}

BOOST_AUTO_TEST_CASE(adam_follows_the_formula) {
  for (const double weight_decay : {0.0, 0.1}) {
    const optim::AdamOptions adam{
        .lr = 0.03, .beta1 = 0.8, .beta2 = 0.9, .eps = 1e-4, .weight_decay = weight_decay};
    check_adam<double, Adam<double>>(adam, false, 2e-15);
    check_adam<float, Adam<float>>(adam, false, 1e-6);
    const optim::AdamWOptions adamw{
        .lr = 0.03, .beta1 = 0.8, .beta2 = 0.9, .eps = 1e-4, .weight_decay = weight_decay};
    check_adam<double, AdamW<double>>(adamw, true, 2e-15);
    check_adam<float, AdamW<float>>(adamw, true, 1e-6);
  }
}

// By hand: v = 1, 1.5, 1.75 for g = 1 and momentum 1/2.
BOOST_AUTO_TEST_CASE(sgd_with_momentum_by_hand) {
  const Variable<double> w(Tensor<double>::full({1}, 10), true);
  SGD<double> sgd({w}, {.lr = 2, .momentum = 0.5});
  for (const double expected : {8.0, 5.0, 1.5}) {
    w.set_grad(Tensor<double>::full({1}, 1));
    sgd.step();
    BOOST_TEST(w.item() == expected);
  }
}

BOOST_AUTO_TEST_CASE(the_first_step_of_adam_is_lr_whatever_the_gradient) {
  const Variable<double> w(Tensor<double>(Shape{3}), true);
  Adam<double> adam({w}, {.lr = 0.25, .eps = 0});
  w.set_grad(Tensor<double>::from({1e-6, -3, 1e6}, {3}));
  adam.step();
  const double expected[] = {-0.25, 0.25, -0.25};
  for (Index i = 0; i < 3; ++i)  // but for a few roundings in the moments and their corrections
    BOOST_TEST(std::abs(w.value().data()[i] - expected[i]) <= 2e-16);
}

BOOST_AUTO_TEST_CASE(parameters_without_a_gradient_keep_their_value_and_momentum) {
  const auto a = make_parameter<float>(1), b = make_parameter<float>(2);
  const Tensor<float> before = b.value().clone();
  SGD<float> sgd({a, b}, {.lr = 0.1, .momentum = 0.9});
  a.set_grad(random_tensor<float>(a.shape(), 3));
  sgd.step();
  BOOST_TEST(same_bytes(b.value(), before));
  BOOST_TEST(sgd.state_dict().size() == 2u);  // step and momentum_buffer of a
  const auto momentum = sgd.state_dict().at("0.momentum_buffer");
  sgd.zero_grad();
  BOOST_TEST(!a.grad().defined());
  sgd.step();
  BOOST_TEST(same_bytes(sgd.state_dict().at("0.momentum_buffer"), momentum));
}

BOOST_AUTO_TEST_CASE(groups_have_their_own_options_and_rates) {
  const Variable<double> a(Tensor<double>::full({1}, 1), true),
      b(Tensor<double>::full({1}, 1), true);
  SGD<double> sgd({a}, {.lr = 0.5});
  sgd.add_group({b}, {.lr = 0.25, .weight_decay = 1});
  BOOST_TEST(sgd.groups() == 2u);
  const auto step = [&] {
    a.set_grad(Tensor<double>::full({1}, 1));
    b.set_grad(Tensor<double>::full({1}, 1));
    sgd.step();
  };
  step();
  BOOST_TEST(a.item() == 0.5);
  BOOST_TEST(b.item() == 0.5);  // 1 - 0.25 (1 + 1)
  sgd.set_lr_factor(0.5);
  BOOST_TEST(sgd.lr() == 0.25);
  BOOST_TEST(sgd.lr(1) == 0.125);
  sgd.set_lr_factor(0.5);  // of the initial rate, not of the last
  BOOST_TEST(sgd.lr(1) == 0.125);
  sgd.set_lr(1, 0);
  step();
  BOOST_TEST(a.item() == -0.5);
  BOOST_TEST(b.item() == 0.5 - 0.125 * 1.5);
  sgd.set_lr(0);
  step();
  BOOST_TEST(a.item() == -0.5);
}

// 50,000 elements are several chunks.
BOOST_AUTO_TEST_CASE(steps_do_not_depend_on_the_number_of_threads) {
  const int before = num_threads();
  std::vector<Tensor<float>> results;
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    const Variable<float> a(random_tensor<float>({500, 100}, 1), true);
    const Variable<float> b(random_tensor<float>({500, 100}, 2), true);
    SGD<float> sgd({a}, {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-3});
    AdamW<float> adam({b});
    for (std::uint64_t t = 0; t < 3; ++t) {
      a.set_grad(random_tensor<float>(a.shape(), 10 + t));
      b.set_grad(random_tensor<float>(b.shape(), 20 + t));
      sgd.step();
      adam.step();
    }
    results.push_back(a.value());
    results.push_back(b.value());
  }
  set_num_threads(before);
  for (std::size_t i = 2; i < results.size(); ++i)
    BOOST_TEST(same_bytes(results[i], results[i % 2]));
}

BOOST_AUTO_TEST_CASE(resuming_gives_the_same_bytes) {
  const auto check = [](auto make) {
    const auto train = [](const Variable<float>& w, optim::Optimizer<float>& optimizer, int from,
                          int to) {
      for (int t = from; t < to; ++t) {
        w.set_grad(random_tensor<float>(w.shape(), static_cast<std::uint64_t>(t)));
        optimizer.step();
      }
    };
    const auto w = make_parameter<float>();
    auto optimizer = make(w);
    train(w, optimizer, 0, 3);
    const auto state = optimizer.state_dict();
    const Variable<float> resumed(w.value().clone(), true);
    train(w, optimizer, 3, 6);  // does not change the state that was taken before

    auto second = make(resumed);
    second.load_state_dict(state);
    train(resumed, second, 3, 6);
    BOOST_TEST(same_bytes(w.value(), resumed.value()));
  };
  check([](const auto& w) {
    return SGD<float>({w}, {.lr = 0.1, .momentum = 0.9, .nesterov = true});
  });
  check([](const auto& w) { return SGD<float>({w}, {.lr = 0.1}); });
  check([](const auto& w) { return Adam<float>({w}, {.lr = 0.1}); });
  check([](const auto& w) { return AdamW<float>({w}); });
}

BOOST_AUTO_TEST_CASE(a_state_that_does_not_fit_is_rejected_as_a_whole) {
  const auto a = make_parameter<float>(1), b = make_parameter<float>(2);
  Adam<float> adam({a, b});
  a.set_grad(random_tensor<float>(a.shape(), 3));
  adam.step();
  auto state = adam.state_dict();
  BOOST_TEST(state.size() == 3u);
  state.erase("0.exp_avg");
  state["0.exp_avg_sq"] = Tensor<float>(Shape{2});
  state["2.step"] = Tensor<float>(Shape{});
  state["1.momentum_buffer"] = Tensor<float>(Shape{});
  const auto before = adam.state_dict();
  try {
    adam.load_state_dict(state);
    BOOST_ERROR("nothing was thrown");
  } catch (const ValueError& error) {
    const std::string message = error.what();
    for (const char* part :
         {"missing: 0.exp_avg [5, 7]", "0.exp_avg_sq has [2], expected [5, 7]",
          "unexpected: 2.step", "unexpected: 1.momentum_buffer", "missing: 1.step"})
      BOOST_TEST(message.find(part) != message.npos, part << " is not in: " << message);
  }
  BOOST_TEST((adam.state_dict().size() == before.size()));
  BOOST_TEST(same_bytes(adam.state_dict().at("0.exp_avg"), before.at("0.exp_avg")));
}

BOOST_AUTO_TEST_CASE(a_step_between_forward_and_backward_is_named) {
  constexpr static OpInfo square_op{"square", "x", "y = x^2"};
  const auto w = make_parameter<double>();
  const Variable<double> y =
      record(square_op, {w}, w.value().clone(),
             [x = Saved(w.value())](Backward<double>& b) { b.set_dx(0, x.get()); });
  SGD<double> sgd({w}, {.lr = 0.1});
  w.set_grad(random_tensor<double>(w.shape(), 1));
  sgd.step();
  BOOST_CHECK_EXCEPTION(
      y.backward(random_tensor<double>(w.shape(), 2)), GraphError, [](const auto& e) {
        const std::string message = e.what();
        return message.find("square") != message.npos && message.find("SGD step") != message.npos;
      });
}

BOOST_AUTO_TEST_SUITE_END()
