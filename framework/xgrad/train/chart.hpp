#pragma once
// Line charts as SVG documents that need nothing else, readable on light and dark pages.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace xgrad::train {

/// A line through y[0], y[1], ... at x = 0, 1, ... of a logarithmic axis. It is interrupted where y
/// is not positive or not finite.
struct ChartCurve {
  std::vector<double> y{};
  std::size_t color = 0;  ///< of the palette, which has `chart_colors` and then repeats
  bool dashed = false;
};
inline constexpr std::size_t chart_colors = 6;

struct ChartPanel {
  std::string title{};
  std::string x_label{};
  std::vector<ChartCurve> curves{};
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

}  // namespace xgrad::train
