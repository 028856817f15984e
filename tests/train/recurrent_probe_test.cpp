#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/xtensor.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/train/recurrent_probe.hpp>

using namespace xgrad;
using namespace xgrad::train;

namespace {

constexpr Index hidden = 6, batch = 3, steps = 40;

Tensor<double> random(const Shape& shape, std::uint64_t seed) {
  Tensor<double> tensor(shape);
  RandomStream stream(seed, "probe test");
  for (double& value : tensor.values()) value = stream.normal();
  return tensor;
}

// h_t = f(W h_{t-1}) with W = c Q, Q orthogonal, and L_t = <u, h_t>.
struct Recurrence {
  explicit Recurrence(double c) : w(Tensor<double>({hidden, hidden}), true) {
    manual_seed(4);
    nn::init::orthogonal(w.value(), c);
  }

  RecurrentProbe probe(bool squash,
                       RecurrentProbeOptions<double> options = {.steps = steps}) const {
    const Variable<double> u(random({batch, hidden}, 1));
    const RecurrentStep<double> step = [&](Index, std::span<const Variable<double>> before) {
      Variable<double> h = linear(before[0], w);
      if (squash) h = tanh(h);
      return ProbedStep<double>{{h}, sum(h * u)};
    };
    return probe_recurrence<double>(step, {{"h", random({batch, hidden}, 2)}}, options);
  }

  Variable<double> w;
};

double relative_error(double value, double expected) { return std::abs(value / expected - 1); }

}  // namespace

BOOST_AUTO_TEST_SUITE(recurrent_probe)

BOOST_AUTO_TEST_CASE(a_linear_orthogonal_recurrence_scales_gradients_by_c_to_the_k) {
  for (const double c : {0.5, 0.9, 1.0, 1.1, 2.0}) {
    const RecurrentProbe probe = Recurrence(c).probe(false);
    const auto& by_lag = probe.states.at(0).gradient_by_lag;
    BOOST_REQUIRE(by_lag.size() == steps + 1U);
    for (Index k = 0; k <= steps; ++k)
      BOOST_TEST(relative_error(by_lag[static_cast<std::size_t>(k)] / by_lag[0],
                                std::pow(c, static_cast<double>(k))) < 1e-10);
  }
}

BOOST_AUTO_TEST_CASE(tanh_keeps_gradients_below_the_linear_recurrence) {
  for (const double c : {0.9, 1.0, 1.5}) {
    const auto by_lag = Recurrence(c).probe(true).states.at(0).gradient_by_lag;
    // The first factor is diag(tanh'), before the first W: lag k has k of each.
    for (std::size_t k = 1; k < by_lag.size(); ++k)
      BOOST_TEST(by_lag[k] < by_lag[0] * std::pow(c, static_cast<double>(k)));
  }
}

BOOST_AUTO_TEST_CASE(gradients_by_step_are_those_of_all_losses_from_there_on) {
  // dL/dh_t = sum over s >= t of W'^(s-t) u: add it up by hand.
  const double c = 0.8;
  const Recurrence recurrence(c);
  const RecurrentProbe probe = recurrence.probe(false, {.steps = 3});
  const Tensor<double> w = recurrence.w.value(), u = random({batch, hidden}, 1);
  Tensor<double> gradient(Shape{batch, hidden});
  for (std::size_t t = 4; t-- > 0;) {
    Tensor<double> before(Shape{batch, hidden});
    for (Index b = 0; b < batch; ++b)
      for (Index i = 0; i < hidden; ++i) {
        double& value = before.data()[b * hidden + i];
        for (Index o = 0; o < hidden; ++o)
          value += gradient.data()[b * hidden + o] * w.data()[o * hidden + i];
        if (t > 0) value += u.data()[b * hidden + i];  // h_0 has no loss of its own
      }
    gradient = before;
    double squares = 0;
    for (const double value : gradient.values()) squares += value * value;
    BOOST_TEST(relative_error(probe.states[0].gradient_by_step[t], std::sqrt(squares)) < 1e-12);
  }
  BOOST_TEST(relative_error(probe.states[0].gradient_by_step[3],
                            probe.states[0].gradient_by_lag[0]) < 1e-15);
}

BOOST_AUTO_TEST_CASE(the_spectrum_of_a_scaled_orthogonal_matrix_is_flat) {
  const Recurrence recurrence(1.25);
  const auto spectra = recurrent_spectra<double>({"w", recurrence.w.value()});
  BOOST_REQUIRE(spectra.size() == 1U);
  BOOST_TEST(spectra[0].name == "w");
  BOOST_REQUIRE(spectra[0].singular_values.size() == static_cast<std::size_t>(hidden));
  for (const double value : spectra[0].singular_values)
    BOOST_TEST(relative_error(value, 1.25) < 1e-13);
  BOOST_TEST(relative_error(spectra[0].spectral_radius, 1.25) < 1e-13);
}

BOOST_AUTO_TEST_CASE(every_gate_has_a_spectrum) {
  // Blocks [[0, g], [0, 0]] have singular values g and 0, but no eigenvalue except 0.
  Tensor<float> w({8, 2});
  for (Index g = 0; g < 4; ++g) w.data()[g * 4 + 1] = static_cast<float>(g + 1);
  const auto spectra = recurrent_spectra<float>({"weight_hh_l0", w});
  BOOST_REQUIRE(spectra.size() == 4U);
  BOOST_TEST(spectra[1].name == "weight_hh_l0.f");
  for (std::size_t g = 0; g < 4; ++g) {
    BOOST_TEST(spectra[g].singular_values[0] == static_cast<double>(g + 1));
    BOOST_TEST(spectra[g].singular_values[1] == 0);
    BOOST_TEST(spectra[g].spectral_radius == 0);
  }
}

BOOST_AUTO_TEST_CASE(saturated_units_are_counted) {
  const Variable<double> w(Tensor<double>::from({1}, {1, 1}));
  // h: 3 of 4 units beyond 0.99; c: 1 of 4 with |tanh(c)| > 0.99.
  const auto h = Tensor<double>::from({0.995, -0.995, 0.98, 1}, {2, 2});
  const auto c = Tensor<double>::from({2.6, -2.6, 2.7, 0}, {2, 2});
  const RecurrentStep<double> step = [&](Index, std::span<const Variable<double>> before) {
    return ProbedStep<double>{{before[0] * 1.0, before[1] * 1.0}, sum(before[0] * before[1])};
  };
  const auto probe =
      probe_recurrence<double>(step, {{"h", h, true}, {"c", c, false}}, {.steps = 5});
  BOOST_TEST(probe.states[0].saturated == 0.75);
  BOOST_TEST(probe.states[1].saturated == 0.25);
}

BOOST_AUTO_TEST_CASE(a_probe_leaves_the_parameters_gradients_as_they_were) {
  const Recurrence recurrence(0.9);
  const auto probe = recurrence.probe(true, {.steps = 4, .parameters = {recurrence.w}});
  BOOST_TEST(*probe.gradient_norm > 0);
  BOOST_TEST(!recurrence.w.grad().defined());
  recurrence.w.set_grad(Tensor<double>::full({hidden, hidden}, 3));
  const auto again = recurrence.probe(true, {.steps = 4, .parameters = {recurrence.w}});
  BOOST_TEST(*again.gradient_norm == *probe.gradient_norm);
  BOOST_TEST(recurrence.w.grad().data()[7] == 3);
}

BOOST_AUTO_TEST_CASE(a_step_without_loss_counts_for_nothing) {
  const Variable<double> w(Tensor<double>::full({1, 1}, 0.5), true);
  const RecurrentStep<double> step = [&](Index t, std::span<const Variable<double>> before) {
    const Variable<double> h = linear(before[0], w);
    return ProbedStep<double>{{h}, t == 2 ? sum(h) : Variable<double>()};
  };
  const auto probe =
      probe_recurrence<double>(step, {{"h", Tensor<double>::full({1, 1}, 8)}}, {.steps = 3});
  BOOST_TEST(probe.loss == 1);
  BOOST_TEST(probe.states[0].gradient_by_step == (std::vector<double>{0.125, 0.25, 0.5, 1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(numbers_are_one_line_of_json) {
  auto probe = Recurrence(0.9).probe(true, {.steps = 4, .label = "a \"b\"", .training_step = 7});
  probe.states[0].gradient_by_lag[0] = std::numeric_limits<double>::infinity();
  const std::string line = to_json_line(probe);
  BOOST_TEST(line.find('\n') == std::string::npos);
  const auto json = nlohmann::json::parse(line);
  BOOST_TEST(json["label"] == "a \"b\"");
  BOOST_TEST(json["training_step"] == 7);
  BOOST_TEST(json["clip_rate"].is_null());
  BOOST_TEST(json["states"][0]["gradient_by_step"].size() == 5U);
  BOOST_TEST(json["states"][0]["gradient_by_lag"][0].is_null());
}

BOOST_AUTO_TEST_CASE(the_picture_stands_alone) {
  const RecurrentProbe probes[] = {Recurrence(0.9).probe(true, {.steps = 4, .label = "c < 1"}),
                                   Recurrence(1.1).probe(false, {.steps = 4, .label = "c & more"})};
  const std::string svg = to_svg(probes, "two runs");
  BOOST_TEST(svg.starts_with("<svg xmlns="));
  BOOST_TEST(svg.ends_with("</svg>\n"));
  for (const char* word : {"c &lt; 1", "c &amp; more", "two runs", "prefers-color-scheme: dark"})
    BOOST_TEST(svg.find(word) != std::string::npos, word);
  for (const char* word : {"href", "url(", "nan", "inf\""})
    BOOST_TEST(svg.find(word) == std::string::npos, word);
}

BOOST_AUTO_TEST_SUITE_END()
