// How the page shows the filters.

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
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

// From blue over white to red, as -scale..0..scale.
Picture picture_of(const Values& values, Index size, double scale) {
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

// The pixels under the filter; those beyond the image's edge as the padding that they are, zero.
Picture patch_picture(const FirstLayer& layer, const WeightedPatch& patch) {
  const Index k = layer.before.shape(1), height = layer.images.shape(1),
              width = layer.images.shape(2);
  const auto all = layer.images.values();
  const auto [low, high] = std::minmax_element(all.begin(), all.end());
  Picture picture{.width = static_cast<int>(k), .height = static_cast<int>(k)};
  for (Index a = 0; a < k; ++a)
    for (Index b = 0; b < k; ++b) {
      const Index row = patch.row + a - layer.padding, column = patch.column + b - layer.padding;
      const bool inside = row >= 0 && row < height && column >= 0 && column < width;
      const float pixel =
          inside ? layer.images.data()[(patch.image * height + row) * width + column] : 0;
      picture.pixels.push_back(
          static_cast<std::uint8_t>(std::lround(255 * (pixel - *low) / (*high - *low + 1e-9f))));
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
  for (const bool positive : {false, true}) {
    page.add("<div class=\"strip\"><span class=\"pale\">{}</span>\n",
             positive ? "taken away" : "added");
    for (const WeightedPatch& patch : strongest_patches(layer, filter, positive, patches_shown))
      add_tile(page, patch_picture(layer, patch),
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
<p class="pale">Blue is negative, white zero, red positive. The weights have one scale, of ±{5:.2g}; every
other picture has its own.</p></div>
<ul class="filters">
)",
           filters, size, layer.images.shape(0), layer.max_difference, layer.max_gradient,
           weight_scale);
  for (Index filter = 0; filter < filters; ++filter) add_filter(page, layer, filter, weight_scale);
  page.add("</ul>\n");
  add_patches(page, layer, most_changed);
}

}  // namespace xgrad::command
