#include <xgrad/train/chart.hpp>
#include <xgrad/train/chart_axis.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace xgrad::train {
namespace {

// A panel with its axes and labels, and the place of its plot within; pixels.
constexpr double cell_width = 440, cell_height = 280, top = 44;
constexpr double panel_height = 274;  // of a cell, without the space below it
constexpr double plot_left = 58, plot_top = 34, plot_width = 366, plot_height = 196;
constexpr double legend_line = 15, legend_gap = 10;

// Paul Tol's bright scheme, which colour-blind readers can tell apart, darkened or lightened to
// stand out from the background.
constexpr const char* style = R"(<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
text.title { font-size: 15px; font-weight: 600 } text.head { font-weight: 600 }
text.small { font-size: 11px; fill: #57606a }
rect.page { fill: #ffffff } .grid { stroke: #d8dee4 } .frame { stroke: #8c959f; fill: none }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round } .dashed { stroke-dasharray: 5 3 }
.faint { stroke-width: 1; opacity: .5 }
.c0 { stroke: #3069a0 } .c1 { stroke: #d1405a } .c2 { stroke: #1c7a2d }
.c3 { stroke: #9a7d00 } .c4 { stroke: #992f6f } .c5 { stroke: #1b8fb5 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } text.small { fill: #9198a1 }
rect.page { fill: #0d1117 } .grid { stroke: #2a313c } .frame { stroke: #6e7681 }
.c0 { stroke: #6ea8e5 } .c1 { stroke: #ff7b8f } .c2 { stroke: #5fc270 }
.c3 { stroke: #d9c04a } .c4 { stroke: #e080b8 } .c5 { stroke: #66ccee }
}
</style>
)";

class Drawing {
 public:
  explicit Drawing(std::string opening) : svg_(std::move(opening)) {}
  Drawing(double width, double height) {
    add(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {:g} {:g}" width="{:g}" height="{:g}">)"
        "\n{}<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n",
        width, height, width, height, style);
  }
  std::string finish() && { return std::move(svg_) + "</svg>\n"; }

  void text(double x, double y, const char* css, const char* anchor, const std::string& words) {
    add(R"(<text x="{:g}" y="{:g}" class="{}" text-anchor="{}">{}</text>)"
        "\n",
        x, y, css, anchor, escape_markup(words));
  }
  void line(double x1, double y1, double x2, double y2, const std::string& css) {
    add(R"(<line x1="{:g}" y1="{:g}" x2="{:g}" y2="{:g}" class="{}"/>)"
        "\n",
        x1, y1, x2, y2, css);
  }
  void begin_cell(std::size_t i) {
    add("<g transform=\"translate({:g} {:g})\">\n", cell_width * static_cast<double>(i % 2),
        top + cell_height * static_cast<double>(i / 2));
  }
  void end_cell() { svg_ += "</g>\n"; }

  void panel(const ChartPanel& panel) {
    const ChartAxis axis(panel.curves, &ChartCurve::y, panel.linear_y);
    text(plot_left, plot_top - 10, "head", "start", panel.title);
    for (const double tick : axis.ticks()) {
      const double y = plot_top + plot_height * (1 - axis.share_of_tick(tick));
      line(plot_left, y, plot_left + plot_width, y, "grid");
      tick_label(axis, plot_left - 6, y + 4, "end", tick);
    }
    if (!panel.y_label.empty())
      add(R"~(<text transform="translate(14 {:g}) rotate(-90)" class="small" )~"
          R"(text-anchor="middle">{}</text>)"
          "\n",
          plot_top + plot_height / 2, escape_markup(panel.y_label));
    text(plot_left + plot_width / 2, plot_top + plot_height + 35, "small", "middle", panel.x_label);
    const bool over_x = !panel.curves.empty() && !panel.curves.front().x.empty();
    if (over_x)
      draw_over_x(panel, axis);
    else
      draw_over_index(panel.curves, axis);
    add(R"(<rect x="{:g}" y="{:g}" width="{:g}" height="{:g}" class="frame"/>)"
        "\n",
        plot_left, plot_top, plot_width, plot_height);
  }

 private:
  void draw_over_index(const std::vector<ChartCurve>& curves, const ChartAxis& axis) {
    std::size_t longest = 2;
    for (const ChartCurve& curve : curves) longest = std::max(longest, curve.y.size());
    const double last = static_cast<double>(longest - 1);
    for (double tick = 0; tick <= last; tick += chart_tick_step(last, 1)) {
      const double x = tick_mark(tick / last);
      text(x, plot_top + plot_height + 17, "small", "middle", fmt::format("{:g}", tick));
    }
    for (const ChartCurve& curve : curves)
      draw(curve, axis, [&](std::size_t i) { return static_cast<double>(i) / last; });
  }

  void draw_over_x(const ChartPanel& panel, const ChartAxis& y_axis) {
    const ChartAxis x_axis(panel.curves, &ChartCurve::x, panel.linear_x, true);
    for (const double tick : x_axis.ticks()) {
      const double x = tick_mark(x_axis.share_of_tick(tick));
      tick_label(x_axis, x, plot_top + plot_height + (panel.linear_x ? 17 : 18), "middle", tick);
    }
    for (const ChartCurve& curve : panel.curves)
      draw(curve, y_axis, [&](std::size_t i) { return x_axis.share(curve.x[i]); });
  }

  // A curve; share(i) is the place of point i along the x-axis, 0 to 1.
  template <class F>
  void draw(const ChartCurve& curve, const ChartAxis& axis, F share) {
    std::string path;
    bool pen_up = true;
    for (std::size_t i = 0; i < curve.y.size(); ++i) {
      const bool seen = axis.shows(curve.y[i]);
      if (seen)
        fmt::format_to(std::back_inserter(path), "{}{:.1f} {:.1f}", pen_up ? "M" : "L",
                       plot_left + plot_width * share(i),
                       plot_top + plot_height * (1 - axis.share(curve.y[i])));
      pen_up = !seen;
    }
    add(R"(<path class="curve c{}{}{}" d="{}"/>)"
        "\n",
        curve.color % chart_colors, curve.dashed ? " dashed" : "", curve.faint ? " faint" : "",
        path);
  }

  // Returns where it is.
  double tick_mark(double share) {
    const double x = plot_left + plot_width * share;
    line(x, plot_top + plot_height, x, plot_top + plot_height + 4, "frame");
    return x;
  }

  void tick_label(const ChartAxis& axis, double x, double y, const char* anchor, double tick) {
    if (axis.is_linear())
      text(x, y, "small", anchor, fmt::format("{:.6g}", tick));
    else
      power_of_ten(x, y, anchor, tick);
  }

  void power_of_ten(double x, double y, const char* anchor, double exponent) {
    add(R"(<text x="{:g}" y="{:g}" class="small" text-anchor="{}">10<tspan dy="-4" )"
        R"(font-size="9">{:g}</tspan></text>)"
        "\n",
        x, y, anchor, exponent);
  }

  template <class... A>
  void add(fmt::format_string<A...> format, A&&... arguments) {
    fmt::format_to(std::back_inserter(svg_), format, std::forward<A>(arguments)...);
  }

  std::string svg_;
};

}  // namespace

std::string chart_svg(const std::string& title, std::span<const ChartPanel> panels,
                      std::span<const ChartLegend> legend, const std::string& footnote) {
  const double rows = std::floor(static_cast<double>(panels.size()) / 2) + 1;
  double legend_height = plot_top + legend_line + legend_gap;
  for (const ChartLegend& entry : legend)
    legend_height += legend_gap + legend_line * static_cast<double>(1 + entry.details.size());
  // The legend has the last row to itself, or stands beside a panel in it.
  const bool beside_panel = panels.size() % 2 == 1;
  Drawing drawing(2 * cell_width,
                  top + cell_height * (rows - 1) +
                      (beside_panel ? std::max(cell_height, legend_height) : legend_height));
  drawing.text(plot_left, 28, "title", "start", title);
  for (std::size_t i = 0; i < panels.size(); ++i) {
    drawing.begin_cell(i);
    drawing.panel(panels[i]);
    drawing.end_cell();
  }
  drawing.begin_cell(panels.size());
  const double x = beside_panel ? 16 : plot_left;
  double y = beside_panel ? plot_top + 8 : 16;
  for (const ChartLegend& entry : legend) {
    drawing.line(x, y - 4, x + 24, y - 4, fmt::format("curve c{}", entry.color % chart_colors));
    drawing.text(x + 32, y, "head", "start", entry.label);
    for (const std::string& line : entry.details)
      drawing.text(x + 32, y += legend_line, "small", "start", line);
    y += legend_line + legend_gap;
  }
  drawing.text(x, y, "small", "start", footnote);
  drawing.end_cell();
  return std::move(drawing).finish();
}

std::string panel_svg(const ChartPanel& panel, std::string_view description) {
  Drawing drawing(fmt::format("<svg viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"{}\">\n",
                              cell_width, panel_height, escape_markup(description)));
  drawing.panel(panel);
  return std::move(drawing).finish();
}

std::string chart_style() { return style; }

std::string escape_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t')
      out += "\uFFFD";  // XML has no place for control characters
    else
      out += c;
  }
  return out;
}

}  // namespace xgrad::train
