// How the page shows the filters.

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tools/xgrad/data_uri.hpp"
#include "tools/xgrad/report_filters.hpp"

namespace xgrad::command {
namespace {

constexpr std::size_t patches_shown = 8;

using Values = std::vector<double>;

double largest(const Values& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

// Weights on red, green and blue: as these colours, from none at -scale over half at 0.
Picture colour_picture_of(const Values& values, Index size, double scale) {
  Picture picture{.width = static_cast<int>(size), .height = static_cast<int>(size), .channels = 3};
  for (const double value : values) {
    const double share = scale > 0 ? std::clamp(value / scale, -1.0, 1.0) : 0;
    picture.pixels.push_back(static_cast<std::uint8_t>(std::lround(127.5 + 127.5 * share)));
  }
  return picture;
}

// Weights on grey: from blue over white to red, as -scale..0..scale.
Picture picture_of(const Values& values, Index size, double scale) {
  if (static_cast<Index>(values.size()) == 3 * size * size)
    return colour_picture_of(values, size, scale);
  constexpr std::array<double, 3> negative{33, 102, 172}, zero{247, 247, 247},
      positive{178, 24, 43};
  Picture picture{.width = static_cast<int>(size), .height = static_cast<int>(size), .channels = 3};
  for (const double value : values) {
    const double share = scale > 0 ? std::min(std::abs(value) / scale, 1.0) : 0;
    const auto& end = value < 0 ? negative : positive;
    for (std::size_t c = 0; c < 3; ++c)
      picture.pixels.push_back(
          static_cast<std::uint8_t>(std::lround(zero[c] + share * (end[c] - zero[c]))));
  }
  return picture;
}

Values filter_of(const Tensor<float>& weight, Index filter, double factor = 1) {
  Values values;
  for (const float value : weight[filter].values()) values.push_back(factor * value);
  return values;
}

Values change_of(const FirstLayer& layer, Index filter) {
  Values change = filter_of(layer.after, filter);
  const Values before = filter_of(layer.before, filter);
  for (std::size_t i = 0; i < change.size(); ++i) change[i] -= before[i];
  return change;
}

Values patch_sum_of(const FirstLayer& layer, Index filter, double factor) {
  const auto size = static_cast<std::size_t>(layer.before[filter].size());
  Values values(size);
  for (std::size_t i = 0; i < size; ++i)
    values[i] = factor * layer.patch_sum[static_cast<std::size_t>(filter) * size + i];
  return values;
}

void add_tile(HtmlPage& page, const Picture& picture, const std::string& what,
              const std::string& alt) {
  page.add(
      "<div><img src=\"{}\" width=\"44\" height=\"44\" alt=\"{}\"><div class=\"pale\">{}</div>"
      "</div>\n",
      png_uri(picture), escaped(alt), what);
}

void add_filter(HtmlPage& page, const FirstLayer& layer, Index filter, double weight_scale) {
  const Index size = layer.before.shape(1);
  const auto tile = [&](const Values& values, double scale, const char* what, const char* alt) {
    add_tile(page, picture_of(values, size, scale), what,
             fmt::format("filter {}, {}", filter, alt));
  };
  page.add("<li><b>{}</b>\n", filter);
  tile(filter_of(layer.before, filter), weight_scale, "w<sub>0</sub>", "before training");
  tile(filter_of(layer.after, filter), weight_scale, "w<sub>T</sub>", "after training");
  const Values change = change_of(layer, filter);
  tile(change, largest(change), "w<sub>T</sub>−w<sub>0</sub>", "what training changed");
  const Values gradient = filter_of(layer.gradient, filter, -1);
  tile(gradient, largest(gradient), "−dW", "the gradient by backward");
  const Values sum = patch_sum_of(layer, filter, -1);
  tile(sum, largest(sum), "−Σ X⋆dY", "the gradient as a sum of patches");
  page.add("</li>\n");
}

// What the network sees as 0 and as 255 in each channel, or nearly: the least and the largest
// there.
using Range = std::pair<float, float>;
std::vector<Range> ranges_of(const Tensor<float>& images) {
  const auto channels = static_cast<std::size_t>(images.shape(3));
  const auto all = images.values();
  std::vector<Range> ranges;
  for (std::size_t c = 0; c < channels; ++c) ranges.emplace_back(all[c], all[c]);
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& [low, high] = ranges[i % channels];
    low = std::min(low, all[i]);
    high = std::max(high, all[i]);
  }
  return ranges;
}

// The pixels under the filter; those beyond the image's edge as the padding that they are, zero.
Picture patch_picture(const FirstLayer& layer, const WeightedPatch& patch,
                      const std::vector<Range>& ranges) {
  const auto k = static_cast<int>(layer.before.shape(1));
  Picture picture{.width = k, .height = k, .channels = static_cast<int>(ranges.size())};
  const std::vector<float> pixels = pixels_of(layer, patch);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const auto [low, high] = ranges[i % ranges.size()];
    const float share = (pixels[i] - low) / (high - low + 1e-9f);
    picture.pixels.push_back(
        static_cast<std::uint8_t>(std::lround(255 * std::clamp(share, 0.f, 1.f))));
  }
  return picture;
}

void add_patches(HtmlPage& page, const FirstLayer& layer, Index filter) {
  const Index places = layer.dy.size() / layer.dy.shape(3);
  page.add(
      "<h3>How the sum comes about: filter {}</h3>\n<p class=\"lead\">It changed the most. Of the "
      "{} "
      "patches that its −dW adds up, these shape it most, by weight times contrast, one of an "
      "image; "
      "below each is its weight, −dY:</p>\n",
      filter, with_commas(places));
  const std::vector<Range> ranges = ranges_of(layer.images);
  for (const bool positive : {false, true}) {
    page.add("<div class=\"strip\"><span class=\"pale\">{}</span>\n",
             positive ? "taken away" : "added");
    for (const WeightedPatch& patch : strongest_patches(layer, filter, positive, patches_shown))
      add_tile(page, patch_picture(layer, patch, ranges),
               fmt::format("{}{:.1e}", patch.dy > 0 ? "−" : "+", std::abs(patch.dy)),
               fmt::format("patch of test image {}", patch.image));
    page.add("</div>\n");
  }
}

}  // namespace

Picture filters_picture(const Tensor<float>& filters) {
  constexpr int columns = 8, factor = 8;
  double scale = 0;
  for (const float value : filters.values()) scale = std::max(scale, std::abs(double{value}));
  std::vector<Picture> pictures;
  for (Index filter = 0; filter < filters.shape(0); ++filter)
    pictures.push_back(picture_of(filter_of(filters, filter), filters.shape(1), scale));
  return grid_of(pictures, columns, factor);
}

void add_filters(HtmlPage& page, const FirstLayer& layer) {
  const Index filters = layer.before.shape(0), size = layer.before.shape(1);
  double weight_scale = 0, most_change = -1;
  Index most_changed = 0;
  for (Index filter = 0; filter < filters; ++filter) {
    weight_scale = std::max({weight_scale, largest(filter_of(layer.before, filter)),
                             largest(filter_of(layer.after, filter))});
    if (const double change = largest(change_of(layer, filter)); change > most_change) {
      most_change = change;
      most_changed = filter;
    }
  }
  page.add(R"(<h2>What the first layer learned</h2>
<div class="lead"><p>The {0} filters of the first layer look at {1}×{1} pixels each, everywhere on the image X.
The derivative of the loss by a filter is</p>
<p class="formula">dW = X ⋆ dY = Σ dY<sub>ij</sub> · (patch of X at i, j)</p>
<p>over all places i, j and all images of the batch, where dY is the derivative by the filter’s output. So
each step of gradient descent, w ← w − η dW, adds a <em>weighted sum of image patches</em>
to the filter, and after T steps</p>
<p class="formula">w<sub>T</sub> − w<sub>0</sub> = −η Σ<sub>t</sub> X<sub>t</sub> ⋆ dY<sub>t</sub></p>
<p>is one as well: what filters learn looks like strokes and edges because images are made of them.
(Momentum, a learning rate that changes and averaged weights give the patches other shares; weight
decay also shrinks w<sub>0</sub>.)</p>
<p>For each filter: the weights before and after training and what training changed; then the
first step’s direction on a batch of {2} test images, computed in two ways: by the library’s backward pass
(−dW), and patch by patch, in a plain loop in double precision (−Σ X⋆dY).
<b>The two differ by {3:.1e} at most</b>, where the largest element is {4:.1e}.</p>
<p class="pale">{6} The weights have one scale, of ±{5:.2g}; every
other picture has its own.</p></div>
<ul class="filters">
)",
           filters, size, layer.images.shape(0), layer.max_difference, layer.max_gradient,
           weight_scale,
           layer.before.shape(3) == 3
               ? "A pixel’s weights on red, green and blue are drawn in these colours: grey is "
                 "zero, brighter positive, darker negative."
               : "Blue is negative, white zero, red positive.");
  for (Index filter = 0; filter < filters; ++filter) add_filter(page, layer, filter, weight_scale);
  page.add("</ul>\n");
  add_patches(page, layer, most_changed);
}

}  // namespace xgrad::command
