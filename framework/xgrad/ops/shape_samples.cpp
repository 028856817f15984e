#include <xgrad/ops/samples.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad {
namespace {

using namespace samples;

static_assert(is_complete<ReshapeArguments>(reshape<double>));
static_assert(is_complete<FlattenArguments>(flatten<double>));
static_assert(is_complete<PermuteArguments>(permute<double>));
static_assert(is_complete<SliceArguments>(slice<double>));
static_assert(is_complete<PadArguments>(pad<double>));

Sample reshape_sample(std::string name, const Shape& from, const Shape& to) {
  return sample(std::move(name), {uniform(from)}, ReshapeArguments{to},
                [](auto in, const auto& o) { return reshape(in[0], o.shape); });
}

Sample flatten_sample(std::string name, const Shape& shape, int start) {
  return sample(std::move(name), {uniform(shape)}, FlattenArguments{start},
                [](auto in, const auto& o) { return flatten(in[0], o.start_axis); });
}

Sample permute_sample(std::string name, const Shape& shape, const Axes& axes) {
  return sample(std::move(name), {uniform(shape)}, PermuteArguments{axes},
                [](auto in, const auto& o) { return permute(in[0], o.axes); });
}

Sample concat_sample(std::string name, const std::vector<Shape>& shapes, int axis) {
  std::vector<Tensor<double>> xs;
  for (const Shape& shape : shapes) xs.push_back(uniform(shape, -1, 1, xs.size()));
  return sample(std::move(name), std::move(xs), ConcatArguments{axis},
                [](auto in, const auto& o) { return concat(in, o.axis); });
}

Sample slice_sample(std::string name, const Shape& shape, const SliceArguments& arguments) {
  return sample(std::move(name), {uniform(shape)}, arguments, [](auto in, const auto& o) {
    return slice(in[0], o.axis, o.begin, o.end, o.step);
  });
}

Sample pad_sample(std::string name, const Shape& shape, const PadArguments& arguments) {
  return sample(std::move(name), {uniform(shape)}, arguments,
                [](auto in, const auto& o) { return pad(in[0], o.widths, o.value); });
}

}  // namespace

std::vector<OpEntry> shape_entries() {
  return {
      {&reshape_op,
       true,
       {reshape_sample("to a matrix", {2, 3, 4}, {6, 4}),
        reshape_sample("with a free axis", {3, 4}, {2, -1, 1}),
        reshape_sample("to a scalar", {1, 1}, {}), reshape_sample("empty", {0, 3}, {3, 0, 2})}},
      {&flatten_op,
       true,
       {flatten_sample("images", {2, 3, 4, 5}, 1), flatten_sample("all", {3, 4}, 0),
        flatten_sample("nothing to merge", {3, 4}, -1), flatten_sample("one image", {1, 2, 3}, 1),
        flatten_sample("no images", {0, 2, 3}, 1)}},
      {&permute_op,
       true,
       {permute_sample("transposition", {5, 3}, {1, 0}),
        permute_sample("NHWC to NCHW", {2, 5, 7, 18}, {0, 3, 1, 2}),
        permute_sample("NCHW to NHWC", {2, 18, 5, 7}, {0, 2, 3, 1}),
        permute_sample("rows stay", {3, 4, 5}, {1, 0, 2}),
        permute_sample("all axes", {2, 3, 4, 5}, {3, 2, -3, 0}),
        permute_sample("no inner axis", {3, 4, 2, 5}, {2, 3, 1, 0}),
        permute_sample("axes of extent 1", {1, 4, 1, 3}, {3, 2, 1, 0}),
        permute_sample("nothing", {3, 4}, {0, 1}), permute_sample("a scalar", {}, {}),
        permute_sample("empty", {2, 0, 3}, {2, 0, 1})}},
      {&concat_op,
       true,
       {concat_sample("rows", {{2, 3}, {1, 3}, {4, 3}}, 0),
        concat_sample("columns", {{2, 3}, {2, 1}}, 1),
        concat_sample("middle", {{2, 3, 4}, {2, 1, 4}, {2, 2, 4}}, -2),
        concat_sample("one", {{2, 3}}, 1), concat_sample("an empty one", {{2, 0}, {2, 3}}, 1),
        concat_sample("one row each", {{1, 3}, {1, 3}}, 0),
        sample("used twice", {uniform({2, 3})}, ConcatArguments{1},
               [](auto in, const auto& o) {
                 return concat({in[0], in[0]}, o.axis);
               })}},
      {&slice_op,
       true,
       {slice_sample("leading axis", {5, 3}, {0, 1, 4, 1}),
        slice_sample("leading axis, with a step", {5, 3}, {0, 0, 5, 2}),
        slice_sample("last axis", {3, 7}, {-1, 2, 5, 1}),
        slice_sample("last axis, with a step", {3, 7}, {1, 1, 7, 3}),
        slice_sample("a vector with a step", {7}, {0, 1, 7, 2}),
        slice_sample("middle axis from the end", {2, 5, 3}, {1, -3, -1, 1}),
        slice_sample("empty", {2, 5}, {1, 3, 3, 1}),
        slice_sample("before the first", {3, 4}, {1, 0, 0, 1}),
        slice_sample("one row", {1, 5}, {1, 1, 4, 2}),
        slice_sample("of nothing", {0, 5}, {1, 0, 2, 1})}},
      {&pad_op,
       true,
       {pad_sample("images", {2, 3, 4, 2}, {{{0, 0}, {1, 2}, {2, 0}, {0, 0}}, 0}),
        pad_sample("all axes, with ones", {2, 3}, {{{1, 1}, {0, 3}}, 1}),
        pad_sample("nothing", {3}, {{{0, 0}}, 5}), pad_sample("a scalar", {}, {{}, 5}),
        pad_sample("one row", {1, 3}, {{{1, 0}, {0, 1}}, 0}),
        pad_sample("empty", {0, 3}, {{{1, 0}, {0, 0}}, 2})}},
  };
}

}  // namespace xgrad
