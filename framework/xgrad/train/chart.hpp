#pragma once
// Line charts as SVG documents that need nothing else, readable on light and dark pages.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xgrad::train {

/// A line through y[0], y[1], ... It is interrupted where y is not finite or, on a logarithmic axis,
/// not positive.
struct ChartCurve {
  std::vector<double> y{};
  std::size_t color = 0;  ///< of the palette, which has `chart_colors` and then repeats
  bool dashed = false;
  bool faint = false;  ///< thin and pale, behind what matters
  /// One for each y; given for all curves of a panel, or for none, which are then drawn at 0, 1, ...
  std::vector<double> x{};
};
inline constexpr std::size_t chart_colors = 6;

struct ChartPanel {
  std::string title{};
  std::string x_label{};
  std::vector<ChartCurve> curves{};
  std::string y_label{};
  bool linear_x = false, linear_y = false;  ///< else logarithmic
};

/// An entry of the legend: a curve's label, and lines of details below it.
struct ChartLegend {
  std::string label{};
  std::vector<std::string> details{};
  std::size_t color = 0;
};

/// Up to three panels and a legend, in two columns. Where curves of one panel differ by so much
/// that nothing could be seen, the axis ends 30 decades below its top. Texts may hold any
/// characters.
std::string chart_svg(const std::string& title, std::span<const ChartPanel> panels,
                      std::span<const ChartLegend> legend, const std::string& footnote);

/// One panel as an element of a page that has chart_style() in its head; `description` is for those
/// who cannot see it.
std::string panel_svg(const ChartPanel& panel, std::string_view description);
/// The `style` element that panels in pages need. Its rules are for SVG elements only.
std::string chart_style();

/// Text as SVG and HTML want it, also within quotes.
std::string escape_markup(std::string_view text);

}  // namespace xgrad::train
