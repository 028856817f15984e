#pragma once
// What a trained image classifier does on its test images.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <datasets/image_set.hpp>
#include <xgrad/nn/module.hpp>

#include "tools/xgrad/data_uri.hpp"
#include "tools/xgrad/html.hpp"
#include "tools/xgrad/image_run.hpp"

namespace xgrad::command {

/// An image that was taken for something else.
struct Mistake {
  Index image = 0;
  std::int32_t label = 0, predicted = 0;
  double label_probability = 0, predicted_probability = 0;
  double loss = 0;  ///< nats
};

struct ImageResults {
  Evaluation test{};
  Index images = 0;
  Index classes = 0;
  std::vector<Index> confusion{};   ///< [label, predicted]
  std::vector<Mistake> mistakes{};  ///< all, those of the highest loss first
};

/// Of a model in any mode, which it leaves in evaluation. Throws NumericError for weights that give
/// no finite numbers.
ImageResults examine(nn::Module<float>& model, const datasets::ImageSet& images,
                     const ImageRunConfig& config);

/// The worst mistakes in one picture, in their order; nothing if there are none.
std::optional<Picture> mistakes_picture(const ImageResults& results,
                                        const datasets::ImageSet& images);

void add_confusion(HtmlPage& page, const ImageResults& results, const ImageRunConfig& config);
void add_mistakes(HtmlPage& page, const ImageResults& results, const datasets::ImageSet& images,
                  const ImageRunConfig& config);

}  // namespace xgrad::command
