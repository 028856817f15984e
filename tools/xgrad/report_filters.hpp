#pragma once
// The filters of a network's first convolution, and what gradient descent makes of them.

#include <filesystem>
#include <optional>
#include <vector>

#include <datasets/image_set.hpp>
#include <xgrad/core/tensor.hpp>
#include <xgrad/nn/module.hpp>

#include "tools/xgrad/data_uri.hpp"
#include "tools/xgrad/html.hpp"
#include "tools/xgrad/image_run.hpp"

namespace xgrad::command {

/// A place of a filter on an image, and the derivative of the loss by its output there.
struct WeightedPatch {
  Index image = 0, row = 0, column = 0;  ///< of the output; the patch begins `padding` before
  float dy = 0;
  double effect = 0;  ///< size of dy times the contrast of the patch, its pixels' deviation
};

/// Filters [out, k, k, C], and the gradient by the initial ones on a batch of test images.
struct FirstLayer {
  Tensor<float> before{}, after{};
  Tensor<float> images{};  ///< [N, H, W, C], as the network sees them
  Tensor<float> dy{};      ///< [N, H', W', out]
  Index padding = 0;
  Tensor<float> gradient{};         ///< by backward()
  std::vector<double> patch_sum{};  ///< the same as a sum of patches, weighted by dy
  double max_difference = 0;        ///< between the two
  double max_gradient = 0;          ///< largest size of an element
};

/// Nothing for a model without filters. `trained` has the weights of the run; those that it began
/// with are made again from the run's seed.
std::optional<FirstLayer> examine_filters(nn::Module<float>& trained,
                                          const datasets::ImageSet& images,
                                          const ImageRunConfig& config);

/// The pixels [k, k, C] under the filter; those beyond the image's edge as the padding that they
/// are, 0.
std::vector<float> pixels_of(const FirstLayer& layer, const WeightedPatch& patch);

/// The patches that shape filter `filter` the most, by their effect, one per image; those of
/// positive dy, or those of negative.
std::vector<WeightedPatch> strongest_patches(const FirstLayer& layer, Index filter, bool positive,
                                             std::size_t most);

void add_filters(HtmlPage& page, const FirstLayer& layer);

/// The filters of a model as they are, in one picture; nothing for a model without.
std::optional<Picture> filters_picture(nn::Module<float>& model);
/// The same of filters [out, k, k, channels].
Picture filters_picture(const Tensor<float>& filters);

}  // namespace xgrad::command
