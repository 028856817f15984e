// What the samples of an op must cover, found out from the op itself: its inputs, the fields of its
// options, and the shapes that are easily got wrong. An op, an input or an option that is added
// without samples fails here.

#include <boost/core/demangle.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <xgrad/ops/run_sample.hpp>
#include <xgrad/ops/samples.hpp>

#include "reference/reference.hpp"

using namespace xgrad;

namespace {

using Holds = std::function<bool(const Sample&)>;

bool any_sample(const OpEntry& entry, const Holds& holds) {
  return std::any_of(entry.samples.begin(), entry.samples.end(), holds);
}

bool any_shape(const Sample& sample, const std::function<bool(const Shape&)>& holds) {
  return std::any_of(sample.inputs.begin(), sample.inputs.end(),
                     [&](const auto& x) { return x.defined() && holds(x.shape()); });
}

// Recurrent layers are time-major: x is [T, B, I].
int batch_axis(const OpEntry& entry) {
  return entry.op->inputs.starts_with("x, w_ih, w_hh") ? 1 : 0;
}

Holds batch_where(const OpEntry& entry, const std::function<bool(Index)>& holds) {
  return [axis = batch_axis(entry), holds](const Sample& sample) {
    const auto& x = sample.inputs.front();
    return x.defined() && x.shape().rank() > axis && holds(x.shape(axis));
  };
}

bool has_axis_of_one(const Shape& shape) {
  return std::find(shape.begin(), shape.end(), 1) != shape.end();
}

// Two axes longer than 1, of different extents: swapping them cannot pass unseen.
bool is_non_square(const Shape& shape) {
  std::set<Index> extents(shape.begin(), shape.end());
  extents.erase(0);
  extents.erase(1);
  return extents.size() >= 2;
}

bool has_nothing(const Sample& sample) {
  return any_shape(sample, [](const Shape& shape) { return shape.elements() == 0; }) ||
         apply_sample(sample, sample_inputs<double>(sample, false)).size() == 0;
}

// Ops that are not sampled with nothing at all, and why.
const std::map<std::string_view, const char*> refuse_nothing{
    {"cross_entropy", "an empty batch is an error"},
    {"nll_loss", "an empty batch is an error"},
};

// Ops without extremes, and why. Where large numbers are smooth, ordinary samples have them.
const std::map<std::string_view, const char*> without_extremes{
    {"reshape", "moves elements"},
    {"flatten", "moves elements"},
    {"permute", "moves elements"},
    {"concat", "moves elements"},
    {"slice", "moves elements"},
    {"pad", "moves elements"},
    {"embedding", "moves elements"},
    {"dropout", "a product with 0 or a factor, as mul_scalar"},
    {"linear", "sums of products"},
    {"matmul", "sums of products"},
    {"conv2d", "sums of products"},
    {"conv1d", "sums of products"},
    {"avg_pool2d", "sums, as mean"},
    {"global_avg_pool2d", "sums, as mean"},
    {"batch_norm_max_pool2d", "batch_norm and max_pool2d, which have them"},
    {"nll_loss", "sums"},
    {"mse_loss", "sums of squares"},
    {"softmax", "smooth; sample \"extreme and equal\""},
    {"log_softmax", "smooth; sample \"extreme and equal\""},
    {"cross_entropy", "smooth; sample \"extreme and equal\""},
    {"rnn_tanh", "smooth; sample \"saturated gates\""},
    {"rnn_relu", "smooth off its kinks; sample \"saturated gates\""},
    {"lstm", "smooth; sample \"saturated gates\""},
    {"gru", "smooth; sample \"saturated gates\""},
};

// The fields of the options that no sample sets, or for `set` = false, that none leaves as they
// are.
std::vector<std::size_t> fields_never(bool set, const std::vector<Sample>& samples) {
  std::vector<bool> found;
  for (const Sample& sample : samples) {
    found.resize(std::max(found.size(), sample.use.set.size()));
    for (std::size_t i = 0; i < sample.use.set.size(); ++i)
      if (sample.use.set[i] == set) found[i] = true;
  }
  std::vector<std::size_t> never;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (!found[i]) never.push_back(i);
  return never;
}

template <class F>
void for_all_ops(F f) {
  for (const auto& entry : op_registry()) BOOST_TEST_CONTEXT(entry.op->name) f(entry);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(registry_coverage)

BOOST_AUTO_TEST_CASE(every_op_has_samples_and_a_reference) {
  std::set<std::string> names;
  for_all_ops([&](const OpEntry& entry) {
    BOOST_TEST(names.insert(entry.op->name).second, "listed twice");
    BOOST_TEST(!entry.samples.empty(), "has no samples");
    BOOST_TEST(reference::table().count(entry.op->name) == 1, "has no naive reference");
    std::set<std::string> sample_names;
    for (const Sample& sample : entry.samples)
      BOOST_TEST(sample_names.insert(sample.name).second, "two samples \"" << sample.name << "\"");
  });
}

BOOST_AUTO_TEST_CASE(every_input_is_given) {
  for_all_ops([](const OpEntry& entry) {
    const auto commas = std::count(entry.op->inputs.begin(), entry.op->inputs.end(), ',');
    for (int i = 0; i <= commas; ++i) {
      const auto gives = [n = static_cast<std::size_t>(i)](const Sample& sample) {
        return n < sample.inputs.size() && sample.inputs[n].defined() &&
               sample.inputs[n].size() > 0;
      };
      BOOST_TEST(any_sample(entry, gives), "no sample gives input " << entry.op->input_name(i));
    }
  });
}

BOOST_AUTO_TEST_CASE(every_option_is_set_by_a_sample_and_left_by_another) {
  for_all_ops([](const OpEntry& entry) {
    std::set<std::string> types;
    for (const Sample& sample : entry.samples)
      types.insert(boost::core::demangle(sample.use.type->name()));
    BOOST_TEST_REQUIRE(types.size() == 1, "samples with and without options");
    for (const bool set : {true, false})
      for (const std::size_t field : fields_never(set, entry.samples))
        BOOST_TEST(false, "no sample " << (set ? "sets" : "leaves at its default") << " field "
                                       << field << " of " << *types.begin() << ", counted from 0");
  });
}

// The test above would pass if samples told nothing.
BOOST_AUTO_TEST_CASE(options_that_no_sample_sets_are_found) {
  struct Options {
    Size2d stride = 1;
    std::vector<int> lengths{};
    double eps = 1e-5;
    bool training = true;
  };
  struct Case {
    Options options{};
    int more = 0;
  };
  const auto with = [](const Options& options) {
    return samples::sample("", {}, Case{options, 1}, [](auto in, const Case&) { return in[0]; });
  };
  using Fields = std::vector<std::size_t>;
  const Sample defaults = with({}), stride = with({.stride = {1, 2}}),
               lengths = with({.lengths = {3}}), eps = with({.eps = 1}),
               evaluation = with({.training = false});
  BOOST_TEST((*defaults.use.type == typeid(Options)));
  BOOST_TEST((fields_never(true, {defaults}) == Fields{0, 1, 2, 3}));
  BOOST_TEST((fields_never(false, {defaults}) == Fields{}));
  BOOST_TEST((fields_never(true, {defaults, stride, evaluation}) == Fields{1, 2}));
  BOOST_TEST((fields_never(true, {stride, lengths, eps, evaluation}) == Fields{}));
  BOOST_TEST((fields_never(false, {with({{1, 2}, {3}, 1e-5, false}), evaluation}) == Fields{3}));
}

BOOST_AUTO_TEST_CASE(shapes_that_are_easily_got_wrong) {
  for_all_ops([](const OpEntry& entry) {
    BOOST_TEST(any_sample(entry, batch_where(entry, [](Index n) { return n == 1; })),
               "no sample has a batch of 1");
    BOOST_TEST(any_sample(entry, batch_where(entry, [](Index n) { return n > 1; })),
               "no sample has a batch of more than 1");
    BOOST_TEST(any_sample(entry, [](const Sample& s) { return any_shape(s, has_axis_of_one); }),
               "no sample has an axis of extent 1");
    BOOST_TEST(any_sample(entry, [](const Sample& s) { return any_shape(s, is_non_square); }),
               "no sample has two axes of different extents");
    const bool refuses = refuse_nothing.count(entry.op->name) == 1;
    BOOST_TEST(any_sample(entry, has_nothing) != refuses,
               (refuses ? "is sampled with nothing, and yet exempt" : "no sample is empty"));
  });
}

BOOST_AUTO_TEST_CASE(kinks_poles_and_the_ends_of_the_range) {
  for_all_ops([](const OpEntry& entry) {
    const auto exempt = without_extremes.find(entry.op->name);
    if (exempt == without_extremes.end()) {
      BOOST_TEST(!entry.extremes.empty(), "has no extremes");
      return;
    }
    BOOST_TEST(entry.extremes.empty(), "has extremes, and yet is exempt");
    // The reason names the sample that stands for them.
    const std::string_view reason = exempt->second;
    if (const auto quote = reason.find('"'); quote != reason.npos) {
      const auto name = reason.substr(quote + 1, reason.size() - quote - 2);
      BOOST_TEST(any_sample(entry, [&](const Sample& s) { return s.name == name; }),
                 "has no sample \"" << name << '"');
    }
  });
}

// Each repeats the other, in one of the ways NumPy knows.
BOOST_AUTO_TEST_CASE(binary_ops_broadcast_each_way) {
  using Way = std::function<bool(const Shape&, const Shape&)>;
  const auto repeats = [](const Shape& from, const Shape& to) {
    for (int axis = 1; axis <= std::min(from.rank(), to.rank()); ++axis)
      if (from[-axis] == 1 && to[-axis] > 1) return true;
    return false;
  };
  const std::pair<const char*, Way> ways[] = {
      {"nothing", [](const Shape& a, const Shape& b) { return a == b && a.rank() > 1; }},
      {"the left", [&](const Shape& a, const Shape& b) { return repeats(a, b) && !repeats(b, a); }},
      {"the right",
       [&](const Shape& a, const Shape& b) { return repeats(b, a) && !repeats(a, b); }},
      {"both", [&](const Shape& a, const Shape& b) { return repeats(a, b) && repeats(b, a); }},
      {"missing axes on the left",
       [](const Shape& a, const Shape& b) { return a.rank() > 0 && a.rank() < b.rank(); }},
      {"missing axes on the right",
       [](const Shape& a, const Shape& b) { return b.rank() > 0 && b.rank() < a.rank(); }},
      {"a number on the left",
       [](const Shape& a, const Shape& b) { return a.rank() == 0 && b.rank() > 0; }},
      {"a number on the right",
       [](const Shape& a, const Shape& b) { return b.rank() == 0 && a.rank() > 0; }},
  };
  for_all_ops([&](const OpEntry& entry) {
    if (entry.op->inputs != "a, b" || entry.op->name == std::string_view("matmul")) return;
    for (const auto& [name, way] : ways)
      BOOST_TEST(any_sample(entry,
                            [&](const Sample& s) {
                              return s.inputs.size() == 2 &&
                                     way(s.inputs[0].shape(), s.inputs[1].shape());
                            }),
                 "no sample repeats " << name);
  });
}

BOOST_AUTO_TEST_SUITE_END()
