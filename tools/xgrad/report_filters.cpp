#include "tools/xgrad/report_filters.hpp"

#include <algorithm>
#include <cmath>

#include <datasets/loader.hpp>
#include <models/cifar/cifar_cnn.hpp>
#include <models/lenet/lenet.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/loss.hpp>

namespace xgrad::command {
namespace {

constexpr Index batch_size = 256;

// f(model) for a model whose first layer is a convolution `conv1`; whether it is one.
template <class M, class F>
bool as(nn::Module<float>& model, const F& f) {
  M* const known = dynamic_cast<M*>(&model);
  if (known != nullptr) f(*known);
  return known != nullptr;
}
template <class F>
bool with_conv1(nn::Module<float>& model, const F& f) {
  return as<models::LeNet<float>>(model, f) || as<models::LeNetRelu<float>>(model, f) ||
         as<models::LeNet5<float>>(model, f) || as<models::CifarCnn<float>>(model, f);
}

// dW[o, a, b, c] = sum over images n and places (i, j) of
// dY[n, i, j, o] X[n, i + a - p, j + b - p, c]:
// the statement itself, without anything of the library's convolution.
std::vector<double> sum_of_patches(const FirstLayer& layer) {
  const Index filters = layer.before.shape(0), k = layer.before.shape(1);
  const Index channels = layer.before.shape(3);
  const Index height = layer.images.shape(1), width = layer.images.shape(2);
  const float *const x = layer.images.data(), *dy = layer.dy.data();
  std::vector<double> sum(static_cast<std::size_t>(filters * k * k * channels));
  for (Index n = 0; n < layer.dy.shape(0); ++n)
    for (Index i = 0; i < layer.dy.shape(1); ++i)
      for (Index j = 0; j < layer.dy.shape(2); ++j, dy += filters)
        for (Index a = 0; a < k; ++a)
          for (Index b = 0; b < k; ++b) {
            const Index row = i + a - layer.padding, column = j + b - layer.padding;
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            const float* const pixel = x + ((n * height + row) * width + column) * channels;
            for (Index o = 0; o < filters; ++o)
              for (Index c = 0; c < channels; ++c)
                sum[static_cast<std::size_t>(((o * k + a) * k + b) * channels + c)] +=
                    static_cast<double>(pixel[c]) * dy[o];
          }
  return sum;
}

// The standard deviation of a patch's pixels, of all colours.
double contrast(const FirstLayer& layer, const WeightedPatch& patch) {
  const std::vector<float> pixels = pixels_of(layer, patch);
  double sum = 0, squares = 0;
  for (const double pixel : pixels) sum += pixel, squares += pixel * pixel;
  const auto count = static_cast<double>(pixels.size());
  return std::sqrt(std::max(0.0, squares / count - sum / count * (sum / count)));
}

}  // namespace

std::vector<float> pixels_of(const FirstLayer& layer, const WeightedPatch& patch) {
  const Index k = layer.before.shape(1), height = layer.images.shape(1),
              width = layer.images.shape(2), channels = layer.images.shape(3);
  std::vector<float> pixels;
  for (Index a = 0; a < k; ++a)
    for (Index b = 0; b < k; ++b) {
      const Index row = patch.row + a - layer.padding, column = patch.column + b - layer.padding;
      const bool inside = row >= 0 && row < height && column >= 0 && column < width;
      const Index pixel = (patch.image * height + row) * width + column;
      for (Index c = 0; c < channels; ++c)
        pixels.push_back(inside ? layer.images.data()[pixel * channels + c] : 0);
    }
  return pixels;
}

std::optional<Picture> filters_picture(nn::Module<float>& model) {
  std::optional<Picture> picture;
  with_conv1(model, [&](auto& m) { picture = filters_picture(m.conv1.weight.value()); });
  return picture;
}

std::optional<FirstLayer> examine_filters(nn::Module<float>& trained,
                                          const datasets::ImageSet& images,
                                          const ImageRunConfig& config) {
  FirstLayer layer;
  if (!with_conv1(trained, [&](auto& m) { layer.after = m.conv1.weight.value(); }))
    return std::nullopt;
  manual_seed(config.seed);
  const auto initial = make_model(config);
  datasets::Loader loader(images, {.batch_size = batch_size,
                                   .shuffle = false,
                                   .prefetch = 0,
                                   .mean = config.mean,
                                   .deviation = config.deviation});
  const datasets::Batch batch = loader.next().value();
  with_conv1(*initial, [&](auto& model) {
    const Variable<float> y = model.conv1(Variable<float>(batch.images));
    y.retain_grad();
    cross_entropy(model.after_conv1(y), batch.labels).backward();
    layer.before = model.conv1.weight.value();
    layer.gradient = model.conv1.weight.grad();
    layer.dy = y.grad();
  });
  layer.images = batch.images;
  layer.padding = (layer.dy.shape(1) - 1 + layer.before.shape(1) - batch.images.shape(1)) / 2;
  layer.patch_sum = sum_of_patches(layer);
  for (std::size_t i = 0; i < layer.patch_sum.size(); ++i) {
    const double one = layer.gradient.values()[i];
    layer.max_difference = std::max(layer.max_difference, std::abs(one - layer.patch_sum[i]));
    layer.max_gradient = std::max(layer.max_gradient, std::abs(one));
  }
  return layer;
}

std::vector<WeightedPatch> strongest_patches(const FirstLayer& layer, Index filter, bool positive,
                                             std::size_t most) {
  const Index filters = layer.dy.shape(3), rows = layer.dy.shape(1), columns = layer.dy.shape(2);
  std::vector<WeightedPatch> best;
  const float* dy = layer.dy.data() + filter;
  for (Index n = 0; n < layer.dy.shape(0); ++n) {
    WeightedPatch strongest{.image = n};
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j, dy += filters) {
        if (positive != (*dy > 0)) continue;
        WeightedPatch here{n, i, j, *dy};
        here.effect = std::abs(here.dy) * contrast(layer, here);
        if (here.effect > strongest.effect) strongest = here;
      }
    best.push_back(strongest);
  }
  std::stable_sort(best.begin(), best.end(), [](const WeightedPatch& a, const WeightedPatch& b) {
    return a.effect > b.effect;
  });
  best.resize(std::min(best.size(), most));
  return best;
}

}  // namespace xgrad::command
