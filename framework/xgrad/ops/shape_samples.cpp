#include <array>

#include <xgrad/ops/samples.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad {
namespace {

using namespace samples;

Sample reshape_sample(std::string name, const Shape& from, const Shape& to) {
  return sample(std::move(name), {uniform(from)}, to,
                [](auto in, const Shape& shape) { return reshape(in[0], shape); });
}

Sample flatten_sample(std::string name, const Shape& shape, int start) {
  return sample(std::move(name), {uniform(shape)}, start,
                [](auto in, int start_axis) { return flatten(in[0], start_axis); });
}

Sample permute_sample(std::string name, const Shape& shape, const Axes& axes) {
  return sample(std::move(name), {uniform(shape)}, std::vector<int>(axes.begin(), axes.end()),
                [axes](auto in, const auto&) { return permute(in[0], axes); });
}

Sample concat_sample(std::string name, const std::vector<Shape>& shapes, int axis) {
  std::vector<Tensor<double>> xs;
  for (const Shape& shape : shapes) xs.push_back(uniform(shape, -1, 1, xs.size()));
  return sample(std::move(name), std::move(xs), axis,
                [](auto in, int along) { return concat(in, along); });
}

using SliceOptions = std::array<int, 4>;  // axis, begin, end, step

Sample slice_sample(std::string name, const Shape& shape, SliceOptions options) {
  return sample(std::move(name), {uniform(shape)}, options,
                [](auto in, SliceOptions o) { return slice(in[0], o[0], o[1], o[2], o[3]); });
}

using PadOptions = std::pair<std::vector<PadWidth>, double>;

Sample pad_sample(std::string name, const Shape& shape, const PadOptions& options) {
  return sample(std::move(name), {uniform(shape)}, options,
                [](auto in, const PadOptions& o) { return pad(in[0], o.first, o.second); });
}

}  // namespace

std::vector<OpEntry> shape_entries() {
  return {
      {&reshape_op,
       true,
       {reshape_sample("to a matrix", {2, 3, 4}, {6, 4}),
        reshape_sample("with a free axis", {3, 4}, {2, -1, 1}),
        reshape_sample("to a scalar", {1, 1}, {})}},
      {&flatten_op,
       true,
       {flatten_sample("images", {2, 3, 4, 5}, 1), flatten_sample("all", {3, 4}, 0),
        flatten_sample("nothing to merge", {3, 4}, -1)}},
      {&permute_op,
       true,
       {permute_sample("transposition", {5, 3}, {1, 0}),
        permute_sample("NHWC to NCHW", {2, 5, 7, 18}, {0, 3, 1, 2}),
        permute_sample("NCHW to NHWC", {2, 18, 5, 7}, {0, 2, 3, 1}),
        permute_sample("rows stay", {3, 4, 5}, {1, 0, 2}),
        permute_sample("all axes", {2, 3, 4, 5}, {3, 2, -3, 0}),
        permute_sample("no inner axis", {3, 4, 2, 5}, {2, 3, 1, 0}),
        permute_sample("axes of extent 1", {1, 4, 1, 3}, {3, 2, 1, 0}),
        permute_sample("nothing", {3, 4}, {0, 1}), permute_sample("a scalar", {}, {})}},
      {&concat_op,
       true,
       {concat_sample("rows", {{2, 3}, {1, 3}, {4, 3}}, 0),
        concat_sample("columns", {{2, 3}, {2, 1}}, 1),
        concat_sample("middle", {{2, 3, 4}, {2, 1, 4}, {2, 2, 4}}, -2),
        concat_sample("one", {{2, 3}}, 1), concat_sample("an empty one", {{2, 0}, {2, 3}}, 1),
        sample("used twice", {uniform({2, 3})}, 1,
               [](auto in, int axis) {
                 return concat({in[0], in[0]}, axis);
               })}},
      {&slice_op,
       true,
       {slice_sample("leading axis", {5, 3}, {0, 1, 4, 1}),
        slice_sample("leading axis, with a step", {5, 3}, {0, 0, 5, 2}),
        slice_sample("last axis", {3, 7}, {-1, 2, 5, 1}),
        slice_sample("last axis, with a step", {3, 7}, {1, 1, 7, 3}),
        slice_sample("a vector with a step", {7}, {0, 1, 7, 2}),
        slice_sample("middle axis from the end", {2, 5, 3}, {1, -3, -1, 1}),
        slice_sample("empty", {2, 5}, {1, 3, 3, 1})}},
      {&pad_op,
       true,
       {pad_sample("images", {2, 3, 4, 2}, {{{0, 0}, {1, 2}, {2, 0}, {0, 0}}, 0}),
        pad_sample("all axes, with ones", {2, 3}, {{{1, 1}, {0, 3}}, 1}),
        pad_sample("nothing", {3}, {{{0, 0}}, 5})}},
  };
}

}  // namespace xgrad
