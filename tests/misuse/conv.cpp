#include <xgrad/ops/conv.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad;

Variable<float> zeros(const Shape& shape) { return Variable<float>(Tensor<float>(shape)); }

std::function<void()> calls_conv2d(const Shape& x, const Shape& w, const Shape& b = {4},
                                   const Conv2dOptions& options = {}) {
  return [=] { conv2d(zeros(x), zeros(w), zeros(b), options); };
}

std::function<void()> calls_conv1d(const Shape& x, const Shape& w, const Shape& b = {4},
                                   const Conv1dOptions& options = {}) {
  return [=] { conv1d(zeros(x), zeros(w), zeros(b), options); };
}

}  // namespace

std::vector<Misuse> conv() {
  constexpr Index huge = Index{1} << 62;
  const Shape x{2, 7, 6, 3}, w{4, 3, 2, 3}, sequence{2, 7, 3}, taps{4, 3, 3};
  return {
      {"channels of x and w differ",
       calls_conv2d({2, 7, 6, 5}, w),
       Kind::shape,
       {"conv2d", "x", "[2, 7, 6, 5]", "w", "[4, 3, 2, 3]", "must agree"}},
      {"x has its channels first",
       calls_conv2d({2, 3, 7, 6}, w),
       Kind::shape,
       {"conv2d", "x", "[2, 3, 7, 6]", "[4, 3, 2, 3]", "channels-last", "permute"}},
      {"groups do not match the channels",
       calls_conv2d(x, w, {4}, {.groups = 2}),
       Kind::shape,
       {"conv2d", "groups 2", "[2, 7, 6, 3]", "[4, 3, 2, 3]"}},
      {"output channels not a multiple of groups",
       calls_conv2d({2, 7, 6, 9}, w, {4}, {.groups = 3}),
       Kind::shape,
       {"conv2d", "w", "[4, 3, 2, 3]", "3 groups", "divisor"}},
      {"groups below one",
       calls_conv2d(x, w, {4}, {.groups = 0}),
       Kind::value,
       {"conv2d", "groups", "0"}},
      {"kernel higher than the image",
       calls_conv2d({2, 2, 6, 3}, w),
       Kind::shape,
       {"conv2d", "w", "[4, 3, 2, 3]", "x", "[2, 2, 6, 3]", "padding"}},
      {"dilated kernel wider than the padded image",
       calls_conv2d(x, w, {4}, {.padding = {0, 1}, .dilation = {1, 8}}),
       Kind::shape,
       {"conv2d", "dilation (1, 8)", "padding (0, 1)", "[2, 7, 6, 3]"}},
      {"length of the bias",
       calls_conv2d(x, w, {3}),
       Kind::shape,
       {"conv2d", "b", "[3]", "[4, 3, 2, 3]", "[4]"}},
      {"stride of zero",
       calls_conv2d(x, w, {4}, {.stride = {1, 0}}),
       Kind::value,
       {"conv2d", "stride", "(1, 0)", "1 or more"}},
      {"negative padding",
       calls_conv2d(x, w, {4}, {.padding = -1}),
       Kind::value,
       {"conv2d", "padding", "-1", "0 or more"}},
      {"dilation of zero",
       calls_conv2d(x, w, {4}, {.dilation = 0}),
       Kind::value,
       {"conv2d", "dilation", "0", "1 or more"}},
      {"x without a batch",
       calls_conv2d({7, 6, 3}, w),
       Kind::shape,
       {"conv2d", "x", "[7, 6, 3]", "[N, H, W, C]"}},
      {"w of three axes",
       calls_conv2d(x, {4, 3, 3}),
       Kind::shape,
       {"conv2d", "w", "[4, 3, 3]", "[O, kh, kw, C/groups]"}},
      {"w without taps",
       calls_conv2d(x, {4, 0, 2, 3}),
       Kind::shape,
       {"conv2d", "w", "[4, 0, 2, 3]", "empty"}},
      {"w is undefined",
       [=] { conv2d(zeros(x), Variable<float>()); },
       Kind::value,
       {"conv2d", "w", "undefined"}},
      {"channels of x and w differ",
       calls_conv1d({2, 7, 5}, taps),
       Kind::shape,
       {"conv1d", "x", "[2, 7, 5]", "w", "[4, 3, 3]", "must agree"}},
      {"x has its channels first",
       calls_conv1d({2, 3, 7}, taps),
       Kind::shape,
       {"conv1d", "[2, 3, 7]", "channels-last"}},
      {"x is an image",
       calls_conv1d(x, taps),
       Kind::shape,
       {"conv1d", "x", "[2, 7, 6, 3]", "[N, L, C]"}},
      {"kernel longer than the sequence",
       calls_conv1d({2, 2, 3}, taps),
       Kind::shape,
       {"conv1d", "[4, 3, 3]", "[2, 2, 3]", "padding"}},
      {"stride of zero",
       calls_conv1d(sequence, taps, {4}, {.stride = 0}),
       Kind::value,
       {"conv1d", "stride", "0", "1 or more"}},
      {"length of the bias",
       calls_conv1d(sequence, taps, {5}),
       Kind::shape,
       {"conv1d", "b", "[5]", "[4]"}},
      {"stride beyond all images",
       calls_conv2d(x, w, {4}, {.stride = {1, huge}}),
       Kind::value,
       {"conv2d", "stride", "(1, 4611686018427387904)", "1048576 at most"}},
      {"stride beyond all sequences",
       calls_conv1d(sequence, taps, {4}, {.stride = huge}),
       Kind::value,
       {"conv1d", "stride", "4611686018427387904", "1048576 at most"}},
      {"padding beyond all images",
       calls_conv2d(x, w, {4}, {.padding = {1, huge}}),
       Kind::value,
       {"conv2d", "padding", "(1, 4611686018427387904)", "1048576 at most"}},
      {"padding beyond all sequences",
       calls_conv1d(sequence, taps, {4}, {.padding = huge}),
       Kind::value,
       {"conv1d", "padding", "4611686018427387904", "1048576 at most"}},
      {"dilation beyond all images",
       calls_conv2d(x, w, {4}, {.dilation = {1, huge}}),
       Kind::value,
       {"conv2d", "dilation", "(1, 4611686018427387904)", "1048576 at most"}},
      {"dilation beyond all sequences",
       calls_conv1d(sequence, taps, {4}, {.dilation = huge}),
       Kind::value,
       {"conv1d", "dilation", "4611686018427387904", "1048576 at most"}},
      {"groups beyond all channels",
       calls_conv2d(x, w, {4}, {.groups = huge}),
       Kind::value,
       {"conv2d", "groups", "4611686018427387904"}},
  };
}

}  // namespace misuse
