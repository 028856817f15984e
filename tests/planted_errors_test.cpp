// A check that passes is worth what it would have caught: errors are planted into the gradient of
// each input of each op, and the check that `xgrad gradcheck` and the registry's tests make must
// find every one. Some are alike for all ops (an element wrong); the others, in planted_errors/,
// are those that the op's author could have made.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include <xgrad/autograd/record.hpp>
#include <xgrad/core/xtensor.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/check_sample.hpp>

#include "planted_errors/planted_error.hpp"

using namespace xgrad;

namespace {

bool caught(const OpEntry& entry, const GradCheckReport& report) {
  return !report.ok || !(report.max_rel_error <= gradient_error_bound(entry));
}

// The smallest element that is no zero next to the largest: the one where an error shows least.
std::size_t faintest(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  std::size_t found = 0;
  double smallest = INFINITY;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double size = std::abs(values[i]);
    if (size > 0 && size >= 1e-3 * largest && size < smallest) smallest = size, found = i;
  }
  return found;
}

// An error changes a gradient and tells whether it did: swapping equal elements does not.
struct PlantedError {
  const char* name;
  bool (*plant)(std::span<double> gradient);
};

bool is_zero(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value == 0; });
}

constexpr PlantedError errors[] = {
    {"a factor of 1.001",
     [](std::span<double> gradient) {
       for (double& value : gradient) value *= 1.001;
       return !is_zero(gradient);
     }},
    {"the sign of an element",
     [](std::span<double> gradient) {
       if (is_zero(gradient)) return false;
       double& value = gradient[faintest(gradient)];
       value = -value;
       return true;
     }},
    {"an element of zero",
     [](std::span<double> gradient) {
       if (is_zero(gradient)) return false;
       gradient[faintest(gradient)] = 0;
       return true;
     }},
    {"two elements swapped",
     [](std::span<double> gradient) {
       if (gradient.empty()) return false;
       const auto [least, greatest] = std::minmax_element(gradient.begin(), gradient.end());
       // Elements that are equal but for rounding are the same.
       if (*greatest - *least <= 1e-3 * std::max(std::abs(*least), std::abs(*greatest)))
         return false;
       std::iter_swap(least, greatest);
       return true;
     }},
};

constexpr OpInfo tampered_op{"tampered", "x", "y = x\ndx = dy with an error"};

// The identity, with an error in its gradient. `planted` becomes true where there is one.
Variable<double> tampered(const Variable<double>& x, const PlantedError& error, bool& planted) {
  return record(tampered_op, {x}, x.value().clone(), [&error, &planted](Backward<double>& b) {
    Tensor<double> dx = b.dy().clone();
    planted = error.plant(dx.values());
    b.set_dx(0, dx);
  });
}

constexpr OpInfo forgetful_op{"forgetful", "x", "y1 = x, y2 = x\ndx = dy1, without dy2"};

// Two uses of x, of which the gradient of the second is left out.
std::array<Variable<double>, 2> forgetful(const Variable<double>& x, bool& planted) {
  return record(forgetful_op, {x}, std::array{x.value().clone(), x.value().clone()},
                [&planted](Backward<double>& b) {
                  planted = !is_zero(std::as_const(b.dy(1)).values());
                  b.set_dx(0, b.dy(0));
                });
}

// `sample`, with its op as `change` makes it: called as change(inputs, the op).
template <class F>
Sample changed(const Sample& sample, F change) {
  Sample result = sample;
  result.apply64 = [apply = sample.apply64, change](std::span<const Variable<double>> in) {
    return change(std::vector<Variable<double>>(in.begin(), in.end()), apply);
  };
  return result;
}

// The samples that give `input`, the smallest first.
std::vector<const Sample*> samples_with(const OpEntry& entry, std::size_t input) {
  std::vector<const Sample*> found;
  for (const Sample& sample : entry.samples)
    if (input < sample.inputs.size() && sample.inputs[input].defined()) found.push_back(&sample);
  const auto size = [](const Sample* sample) {
    Index sum = 0;
    for (const auto& x : sample->inputs) sum += x.size();
    return sum;
  };
  std::stable_sort(found.begin(), found.end(),
                   [&](const Sample* a, const Sample* b) { return size(a) < size(b); });
  return found;
}

// For each input of each op: calls plant(sample, input, planted), which returns the sample with an
// error in it, until an error was planted; that one must be caught.
template <class F>
void require_caught(const char* error, F plant) {
  for (const OpEntry& entry : op_registry()) {
    std::size_t most_inputs = 0;
    for (const Sample& sample : entry.samples)
      most_inputs = std::max(most_inputs, sample.inputs.size());
    for (std::size_t input = 0; input < most_inputs; ++input)
      BOOST_TEST_CONTEXT(error << " in the gradient of " << entry.op->name << ", input " << input) {
        bool planted = false;
        for (const Sample* sample : samples_with(entry, input)) {
          const GradCheckReport report = check_sample(entry, plant(*sample, input, planted));
          if (!planted) continue;
          BOOST_TEST(caught(entry, report), report.to_string());
          BOOST_TEST(report.worst.input == input, report.to_string());
          break;
        }
        BOOST_TEST(planted, "no sample has a gradient that the error would change");
      }
  }
}

// For each input, whether the error changed its gradient by more than rounding would.
using Changes = std::vector<bool>;

bool differs(const Tensor<double>& right, const Tensor<double>& wrong) {
  double largest = 0, difference = 0;
  for (Index i = 0; i < right.size(); ++i) {
    largest = std::max(largest, std::abs(right.data()[i]));
    difference = std::max(difference, std::abs(right.data()[i] - wrong.data()[i]));
  }
  return difference > 1e-5 * largest;
}

// The op of `sample` with its own value, and the gradients that `plant` makes of its own.
template <class Plant>
Sample with_backward(const OpInfo& info, const Sample& sample, Plant plant, Changes& changes) {
  return changed(sample, [&info, &sample, plant, &changes](const auto& inputs, const auto& op) {
    planted::Vars in;
    for (const auto& x : inputs) in.push_back(x.defined() ? x.detach() : x);
    const Variable<double> y = op(in);
    return record(info, std::span(inputs), y.value(), [=, &sample, &changes](Backward<double>& b) {
      planted::BackwardCall call{sample, in, y, b.dy(), {}};
      const auto right = call.dx = call.backward(in, call.dy);
      plant(call);
      changes.assign(in.size(), false);
      for (std::size_t i = 0; i < in.size(); ++i) {
        if (!b.needs(static_cast<int>(i))) continue;
        changes[i] = differs(right[i].value(), call.dx[i].value());
        b.set_dx(static_cast<int>(i), call.dx[i].value());
      }
    });
  });
}

const OpEntry& entry_of(std::string_view op) {
  const auto& table = op_registry();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const OpEntry& entry) { return entry.op->name == op; });
  BOOST_TEST_REQUIRE((found != table.end()), "there is no op " << op);
  return *found;
}

const Sample& sample_of(const OpEntry& entry, std::string_view name) {
  const auto found = std::find_if(entry.samples.begin(), entry.samples.end(),
                                  [&](const Sample& sample) { return sample.name == name; });
  BOOST_TEST_REQUIRE((found != entry.samples.end()), "there is no sample " << name);
  return *found;
}

// `says` of a planted error: alternatives separated by |.
bool contains_one_of(std::string_view text, std::string_view alternatives) {
  for (;;) {
    const std::size_t end = alternatives.find('|');
    if (text.find(alternatives.substr(0, end)) != text.npos) return true;
    if (end == alternatives.npos) return false;
    alternatives.remove_prefix(end + 1);
  }
}

struct Family {
  const char* name;
  std::vector<planted::PlantedError> errors;
};

std::vector<Family> families() {
  return {{"elementwise", planted::elementwise()},
          {"arithmetic", planted::arithmetic()},
          {"reductions", planted::reduce()},
          {"shapes", planted::shape()},
          {"products", planted::linear()},
          {"convolutions", planted::conv()},
          {"pooling", planted::pool()},
          {"normalisation", planted::norm()},
          {"losses", planted::loss()},
          {"embeddings", planted::embedding()},
          {"recurrent", planted::recurrent()}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(planted_errors)

BOOST_AUTO_TEST_CASE(wrong_elements) {
  for (const PlantedError& error : errors)
    require_caught(error.name, [&](const Sample& sample, std::size_t input, bool& planted) {
      return changed(sample, [&error, input, &planted](auto inputs, const auto& op) {
        inputs[input] = tampered(inputs[input], error, planted);
        return op(inputs);
      });
    });
}

BOOST_AUTO_TEST_CASE(an_accumulation_left_out) {
  require_caught("a missing addend", [](const Sample& sample, std::size_t input, bool& planted) {
    return changed(sample, [input, &planted](auto inputs, const auto& op) {
      const auto [first, second] = forgetful(inputs[input], planted);
      inputs[input] = first;
      const Variable<double> y = op(inputs);
      inputs[input] = second;
      return y + op(inputs);
    });
  });
}

// The harness that plants errors plants none by itself.
BOOST_AUTO_TEST_CASE(without_an_error_the_check_passes) {
  std::set<std::pair<std::string, std::string>> done;
  for (const Family& family : families())
    for (const auto& error : family.errors)
      if (done.emplace(error.op, error.sample).second)
        BOOST_TEST_CONTEXT(error.op << ", sample \"" << error.sample << "\"") {
          const OpEntry& entry = entry_of(error.op);
          Changes changes;
          const GradCheckReport report =
              check_sample(entry, with_backward(
                                      *entry.op, sample_of(entry, error.sample),
                                      [](planted::BackwardCall&) {}, changes));
          BOOST_TEST(!caught(entry, report), report.to_string());
          BOOST_TEST(std::count(changes.begin(), changes.end(), true) == 0);
        }
}

// The errors of planted_errors/: each is caught, in the inputs whose gradients are wrong and in no
// other, and the report has a sentence about it. `--log_level=message` prints them all.
BOOST_AUTO_TEST_CASE(mistakes_that_authors_of_ops_make) {
  std::set<std::string_view> ops;
  int all_planted = 0, all_caught = 0;
  for (const Family& family : families()) {
    int found = 0;
    for (const auto& error : family.errors)
      BOOST_TEST_CONTEXT(error.op << ", sample \"" << error.sample << "\": " << error.what) {
        ops.insert(error.op);
        const OpEntry& entry = entry_of(error.op);
        const Sample& sample = sample_of(entry, error.sample);
        Changes changes;
        const GradCheckReport report =
            check_sample(entry, with_backward(*entry.op, sample, error.plant, changes));
        BOOST_TEST(std::count(changes.begin(), changes.end(), true) > 0,
                   "the error changes no gradient");
        BOOST_TEST(!report.ok, report.to_string());
        found += report.ok ? 0 : 1;

        std::string sentences;
        for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
          if (!sample.inputs[i].defined()) continue;
          const GradCheckInput& input = report.inputs.at(i);
          BOOST_TEST(input.ok != changes[i], "input " << i << ": " << report.to_string());
          BOOST_TEST(input.ok == input.diagnosis.empty(), "input " << i << ": " << input.diagnosis);
          if (input.ok) continue;
          BOOST_TEST(contains_one_of(input.diagnosis, error.says), input.diagnosis);
          sentences += fmt::format("\n    {}: {}", entry.op->input_name(static_cast<int>(i)),
                                   input.diagnosis);
        }
        BOOST_TEST_MESSAGE(error.op << ", " << error.what << ": "
                                    << (report.ok ? "NOT CAUGHT" : "caught") << sentences);
      }
    const int planted = static_cast<int>(family.errors.size());
    BOOST_TEST_MESSAGE(family.name << ": " << planted << " planted, " << found << " caught");
    all_planted += planted;
    all_caught += found;
  }
  BOOST_TEST_MESSAGE("all: " << all_planted << " planted, " << all_caught << " caught");
  for (const OpEntry& entry : op_registry())
    BOOST_TEST(ops.count(entry.op->name) == 1, "no error is planted into " << entry.op->name);
}

// An op as a user writes it, whose gradient lacks a factor of 3.
BOOST_AUTO_TEST_CASE(a_factor_missing_from_a_users_op) {
  static constexpr OpInfo cube_op{"cube", "x", "y = x^3\ndx = 3 x^2 dy"};
  const auto cube = [](double factor) {
    return [factor](const std::vector<Variable<double>>& in) {
      const Tensor<double>& x = in[0].value();
      Tensor<double> y = x.array() * x.array() * x.array();
      return record(cube_op, {in[0]}, y, [factor, x = Saved(x)](Backward<double>& b) {
        b.set_dx(0, factor * x.get().array() * x.get().array() * b.dy().array());
      });
    };
  };
  const Variable<double> x(Tensor<double>::from({-1, 0.5, 2}, {3}));
  const GradCheckReport right = grad_check(cube(3), {x}), wrong = grad_check(cube(1), {x});
  BOOST_TEST(right.ok, right.to_string());
  BOOST_TEST(!wrong.ok, wrong.to_string());
  BOOST_TEST(std::abs(wrong.max_rel_error - 2.0 / 3) < 1e-6, wrong.to_string());
  BOOST_TEST(wrong.worst.numeric / wrong.worst.analytic > 2.99);
}

BOOST_AUTO_TEST_SUITE_END()
