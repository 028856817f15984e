#include <xgrad/ops/conv.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {

using namespace samples;

namespace {

std::vector<Tensor<double>> xwb(const Shape& x, const Shape& w, bool bias = true) {
  return {uniform(x, -1, 1, 1), uniform(w, -1, 1, 2),
          bias ? uniform({w[0]}, -1, 1, 3) : Tensor<double>()};
}

Sample image(const char* name, std::vector<Tensor<double>> inputs,
             const Conv2dOptions& options = {}) {
  return sample(name, std::move(inputs), options,
                [](auto in, const auto& o) { return conv2d(in[0], in[1], in[2], o); });
}

Sample sequence(const char* name, std::vector<Tensor<double>> inputs,
                const Conv1dOptions& options = {}) {
  return sample(name, std::move(inputs), options,
                [](auto in, const auto& o) { return conv1d(in[0], in[1], in[2], o); });
}

}  // namespace

std::vector<OpEntry> conv_entries() {
  return {
      {&conv2d_op,
       true,
       {
           image("plain", xwb({2, 5, 6, 3}, {4, 3, 2, 3})),
           image("no bias", xwb({2, 5, 6, 3}, {4, 3, 2, 3}, false)),
           image("one image, one channel", xwb({1, 6, 5, 1}, {3, 3, 3, 1}), {.padding = 1}),
           image("1x1", xwb({2, 3, 4, 5}, {6, 1, 1, 5})),
           image("1x1, groups", xwb({2, 3, 4, 6}, {4, 1, 1, 3}), {.groups = 2}),
           image("1x1, stride 2, padding 1", xwb({2, 3, 5, 3}, {2, 1, 1, 3}),
                 {.stride = 2, .padding = 1}),
           image("stride", xwb({2, 7, 8, 2}, {3, 3, 2, 2}), {.stride = {2, 3}}),
           image("padding wider than the kernel", xwb({2, 3, 4, 2}, {3, 2, 2, 2}),
                 {.padding = {3, 2}}),
           image("dilation", xwb({2, 7, 8, 2}, {3, 3, 2, 2}), {.dilation = {2, 3}}),
           image("groups", xwb({2, 5, 4, 6}, {9, 2, 3, 2}), {.padding = 1, .groups = 3}),
           image("depthwise", xwb({2, 5, 4, 4}, {4, 3, 3, 1}), {.padding = 1, .groups = 4}),
           image("stride, padding, dilation and groups", xwb({3, 9, 8, 4}, {6, 3, 2, 2}),
                 {.stride = {2, 1}, .padding = {1, 2}, .dilation = {2, 1}, .groups = 2}),
           image("kernel as large as the image", xwb({3, 4, 5, 2}, {3, 4, 5, 2})),
           image("channels that fill vectors", xwb({2, 4, 3, 16}, {32, 3, 3, 16}), {.padding = 1}),
           image("input rows left over by the stride", xwb({2, 6, 6, 2}, {3, 3, 3, 2}),
                 {.stride = 2}),
           image("no images", xwb({0, 5, 6, 3}, {4, 3, 2, 3})),
           image("several chunks, the last one smaller", xwb({13, 8, 8, 1}, {32, 5, 5, 1}),
                 {.padding = 2}),
       }},
      {&conv1d_op,
       true,
       {
           sequence("plain", xwb({2, 6, 3}, {4, 2, 3})),
           sequence("no bias, one sequence, one channel", xwb({1, 6, 1}, {2, 3, 1}, false)),
           sequence("stride, padding and dilation", xwb({2, 11, 3}, {4, 3, 3}),
                    {.stride = 2, .padding = 1, .dilation = 2}),
           sequence("groups", xwb({2, 6, 4}, {6, 3, 2}), {.padding = 1, .groups = 2}),
           sequence("no sequences", xwb({0, 6, 3}, {4, 2, 3})),
       }},
  };
}

}  // namespace xgrad
