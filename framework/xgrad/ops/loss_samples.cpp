#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {

using namespace samples;

namespace {

using Labels = std::vector<std::int32_t>;

static_assert(is_complete<SoftmaxArguments>(softmax<double>));
static_assert(is_complete<SoftmaxArguments>(log_softmax<double>));
static_assert(is_complete<MseLossArguments>(mse_loss<double>));

Labels labels(Index rows, Index classes) {
  RandomStream random(5, "labels");
  Labels result;
  for (Index i = 0; i < rows; ++i)
    result.push_back(static_cast<std::int32_t>(random.below(classes)));
  return result;
}

// Smooth however large; equal ones, and ones whose exponentials would overflow or vanish.
Tensor<double> extreme_logits() {
  return Tensor<double>::from({800, 800, 800, -800, 800, 0, 1e4, -1e4, 9999, -1e4, -1e4, -10001},
                              {4, 3});
}

template <class F>
std::vector<Sample> along_axes(F f) {
  const auto with = [&](const char* name, Tensor<double> x, int axis) {
    return sample(name, {std::move(x)}, SoftmaxArguments{axis}, f);
  };
  return {
      with("rows", uniform({3, 5}, -3, 3), -1),
      with("columns", uniform({3, 5}, -3, 3), 0),
      with("middle axis", uniform({2, 4, 3}, -2, 2), 1),
      with("vector", uniform({19}, -2, 2), 0),
      with("one row", uniform({1, 6}, -2, 2), -1),
      with("one class", uniform({4, 1}), 1),
      with("no rows", uniform({0, 3}), -1),
      with("far from zero", Tensor<double>::from({100, 101, 99, -100, -101, -100.5}, {2, 3}), -1),
      with("extreme and equal", extreme_logits(), -1),
      with("several chunks", uniform({90, 100}, -2, 2), -1),
  };
}

template <class Options, class F>
std::vector<Sample> with_labels(F f) {
  const auto with = [&](const char* name, const Shape& x, Labels targets, Options options = {}) {
    return sample(name, {uniform(x, -3, 3)}, LabelCase<Options>{options, std::move(targets)}, f);
  };
  return {
      with("mean", {4, 5}, {4, 0, 2, 0}),
      with("one row", {1, 3}, {2}),
      with("one class", {2, 1}, {0, 0}),
      with("sum", {3, 10}, {9, 1, 1}, {.reduction = Reduction::sum}),
      with("none", {3, 4}, {3, -100, 1}, {.reduction = Reduction::none}),
      with("mean over what is not ignored", {4, 17}, {-100, 16, -100, 3}),
      with("ignored class", {3, 4}, {1, 0, 3}, {.ignore_index = 1}),
      with("all ignored in a sum", {2, 3}, {7, 7},
           {.ignore_index = 7, .reduction = Reduction::sum}),
      with("sequences", {3, 2, 4}, {0, 1, 2, 3, 2, 1}, {.reduction = Reduction::none}),
      with("several chunks", {90, 100}, labels(90, 100), {.reduction = Reduction::none}),
  };
}

}  // namespace

std::vector<OpEntry> loss_entries() {
  using CrossEntropyCase = LabelCase<CrossEntropyOptions>;
  const auto apply_cross_entropy = [](auto in, const CrossEntropyCase& o) {
    return cross_entropy(in[0], o.labels, o.options);
  };
  auto entropies = with_labels<CrossEntropyOptions>(apply_cross_entropy);
  const auto smoothed = [&](const char* name, Labels targets, CrossEntropyOptions options) {
    entropies.push_back(sample(name, {uniform({3, 5}, -3, 3)},
                               CrossEntropyCase{options, std::move(targets)}, apply_cross_entropy));
  };
  smoothed("label smoothing", {4, 0, 2}, {.label_smoothing = 0.1});
  smoothed("label smoothing, ignored rows", {4, -1, 2},
           {.ignore_index = -1, .label_smoothing = 0.3});
  smoothed("nothing but smoothing", {4, 0, 2}, {.label_smoothing = 1, .reduction = Reduction::sum});
  entropies.push_back(sample("far from zero",
                             {Tensor<double>::from({100, 101, 99, -100, -101, -102}, {2, 3})},
                             CrossEntropyCase{{}, {0, 2}}, apply_cross_entropy));

  entropies.push_back(sample("extreme and equal", {extreme_logits()},
                             CrossEntropyCase{{.reduction = Reduction::none}, {1, 0, 1, 2}},
                             apply_cross_entropy));

  const auto apply_mse = [](auto in, const MseLossArguments& o) {
    return mse_loss(in[0], in[1], o.reduction);
  };
  const auto mse = [&](const char* name, const Shape& shape, Reduction r) {
    return sample(name, {uniform(shape, -1, 1, 1), uniform(shape, -1, 1, 2)}, MseLossArguments{r},
                  apply_mse);
  };
  return {
      {&softmax_op, false,
       along_axes([](auto in, const auto& o) { return softmax(in[0], o.axis); })},
      {&log_softmax_op, false,
       along_axes([](auto in, const auto& o) { return log_softmax(in[0], o.axis); })},
      {&cross_entropy_op, false, std::move(entropies)},
      {&nll_loss_op, true,
       with_labels<NllLossOptions>([](auto in, const LabelCase<NllLossOptions>& o) {
         return nll_loss(in[0], o.labels, o.options);
       })},
      {&mse_loss_op,
       true,
       {mse("mean", {3, 4}, Reduction::mean), mse("sum", {2, 1, 3}, Reduction::sum),
        mse("none", {2, 3}, Reduction::none), mse("one row", {1, 3}, Reduction::mean),
        mse("empty sum", {0, 3}, Reduction::sum), mse("scalar", {}, Reduction::mean),
        // far apart, so that no gradient is lost in the rounding of a mean over thousands
        sample("several chunks", {uniform({70, 70}, 1, 2, 1), uniform({70, 70}, -2, -1, 2)},
               MseLossArguments{}, apply_mse)}},
  };
}

}  // namespace xgrad
