#include "tools/xgrad/report_images.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <xgrad/core/error.hpp>

#include "tools/xgrad/data_uri.hpp"

namespace xgrad::command {
namespace {

constexpr std::size_t most_mistakes = 24;

std::string class_name(const ImageRunConfig& config, Index label) {
  return config.classes.at(static_cast<std::size_t>(label));
}

std::string percent(double share) { return fmt::format("{:.1f}\u00A0%", 100 * share); }

Index row_sum(const ImageResults& results, Index label) {
  const auto row = results.confusion.begin() + label * results.classes;
  return std::accumulate(row, row + results.classes, Index{0});
}

Picture picture_of(const datasets::ImageSet& set, Index i) {
  const auto pixels = set.image(i);
  return {.width = static_cast<int>(set.width),
          .height = static_cast<int>(set.height),
          .channels = static_cast<int>(set.channels),
          .pixels = {pixels.begin(), pixels.end()}};
}

}  // namespace

ImageResults examine(nn::Module<float>& model, const datasets::ImageSet& images,
                     const ImageRunConfig& config) {
  model.eval();
  ImageResults results{.images = images.count};
  Index image = 0, right = 0;
  double loss_sum = 0;
  for_each_batch(model, images, config.mean, config.deviation, [&](const auto& batch,
                                                                   const auto& logits) {
    const Index classes = results.classes = logits.shape(-1);
    results.confusion.resize(static_cast<std::size_t>(classes * classes));
    const float* row = logits.data();
    for (const std::int32_t label : batch.labels) {
      const float* const top = std::max_element(row, row + classes);
      double sum = 0;  // of exponentials, in terms of the largest
      for (Index c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(row[c] - *top));
      const double loss = std::log(sum) + static_cast<double>(*top - row[label]);
      const auto predicted = static_cast<std::int32_t>(top - row);
      ++results.confusion[static_cast<std::size_t>(label * classes + predicted)];
      loss_sum += loss;
      if (predicted == label)
        ++right;
      else
        results.mistakes.push_back({image, label, predicted, std::exp(-loss), 1 / sum, loss});
      ++image;
      row += classes;
    }
  });
  if (!std::isfinite(loss_sum))
    throw NumericError(fmt::format("the loss on the test images is {}", loss_sum));
  const auto count = static_cast<double>(images.count);
  results.test = {100.0 * static_cast<double>(right) / count, loss_sum / count};
  std::stable_sort(results.mistakes.begin(), results.mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.loss > b.loss; });
  return results;
}

std::optional<Picture> mistakes_picture(const ImageResults& results,
                                        const datasets::ImageSet& images) {
  constexpr int columns = 6, factor = 2;
  std::vector<Picture> pictures;
  for (const Mistake& mistake : results.mistakes) {
    if (pictures.size() == most_mistakes) break;
    pictures.push_back(picture_of(images, mistake.image));
  }
  if (pictures.empty()) return std::nullopt;
  return grid_of(pictures, columns, factor);
}

void add_confusion(HtmlPage& page, const ImageResults& results, const ImageRunConfig& config) {
  const Index classes = results.classes;
  page.add(
      "<h2>What it takes for what</h2>\n<p class=\"lead\">A row for each class, a column for "
      "what the network says of its {} test images. At the end of a row is the share that is "
      "right.</p>\n<div class=\"wide\"><table class=\"confusion\">\n<tr><th></th>",
      with_commas(results.images));
  for (Index c = 0; c < classes; ++c)
    page.add("<th scope=\"col\">{}</th>", escaped(class_name(config, c)));
  page.add("<th scope=\"col\">right</th></tr>\n");
  for (Index label = 0; label < classes; ++label) {
    const auto total = static_cast<double>(std::max<Index>(row_sum(results, label), 1));
    page.add("<tr><th scope=\"row\">{}</th>", escaped(class_name(config, label)));
    for (Index c = 0; c < classes; ++c) {
      const Index count = results.confusion[static_cast<std::size_t>(label * classes + c)];
      if (count == 0) {
        page.add("<td class=\"pale\">·</td>");
        continue;
      }
      // A few mistakes among a thousand images shall be seen.
      const double share = static_cast<double>(count) / total;
      const double strength =
          c == label ? 0.12 + 0.4 * share : std::min(0.1 + 2 * std::sqrt(share / 8), 0.75);
      page.add("<td style=\"background:rgba({},{:.2f})\">{}</td>",
               c == label ? "46,160,67" : "229,83,75", strength, count);
    }
    const Index right = results.confusion[static_cast<std::size_t>(label * classes + label)];
    page.add("<td class=\"pale\">{}</td></tr>\n", percent(static_cast<double>(right) / total));
  }
  page.add("</table></div>\n");
}

void add_mistakes(HtmlPage& page, const ImageResults& results, const datasets::ImageSet& images,
                  const ImageRunConfig& config) {
  page.add("<h2>The worst mistakes</h2>\n");
  if (results.mistakes.empty()) {
    page.add("<p>None: every test image is classified right.</p>\n");
    return;
  }
  const std::size_t shown = std::min(results.mistakes.size(), most_mistakes);
  page.add(
      "<p class=\"lead\">{} of {} test images are mistaken. These cost the most: what they "
      "are, <span class=\"bad\">what the network says</span>, and how likely it holds "
      "either.</p>\n<ul class=\"tiles\">\n",
      with_commas(static_cast<Index>(results.mistakes.size())), with_commas(results.images));
  for (std::size_t i = 0; i < shown; ++i) {
    const Mistake& mistake = results.mistakes[i];
    const std::string label = escaped(class_name(config, mistake.label)),
                      predicted = escaped(class_name(config, mistake.predicted));
    page.add(
        "<li><img src=\"{}\" width=\"84\" height=\"84\" alt=\"test image {}, a {}\">"
        "<div><b>{}</b> {}</div><div class=\"bad\">{} {}</div>"
        "<div class=\"pale\">loss {:.2f}</div></li>\n",
        png_uri(picture_of(images, mistake.image)), mistake.image, label, label,
        percent(mistake.label_probability), predicted, percent(mistake.predicted_probability),
        mistake.loss);
  }
  page.add("</ul>\n");
}

}  // namespace xgrad::command
