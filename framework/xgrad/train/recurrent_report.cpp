// The probe's numbers and picture.

#include <xgrad/train/recurrent_probe.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include <xgrad/train/chart.hpp>

namespace xgrad::train {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

std::vector<std::string> details_of(const RecurrentProbe& probe) {
  std::vector<std::string> lines;
  if (!probe.spectra.empty()) {
    double radius = 0, singular = 0;
    for (const RecurrentSpectrum& spectrum : probe.spectra) {
      radius = std::max(radius, spectrum.spectral_radius);
      singular = std::max(singular, spectrum.singular_values.front());
    }
    lines.push_back(fmt::format("W_hh: spectral radius {:.3g}, largest singular value {:.3g}",
                                radius, singular));
  }
  std::vector<std::string> shares;
  for (const StateFlow& flow : probe.states)
    shares.push_back(fmt::format("{} saturated {:.1f} %", flow.name, 100 * flow.saturated));
  if (probe.clip_rate)
    shares.push_back(fmt::format("{:.1f} % of steps clipped", 100 * *probe.clip_rate));
  lines.push_back(fmt::format("{}", fmt::join(shares, ", ")));
  return lines;
}

}  // namespace

std::string to_json_line(const RecurrentProbe& probe) {
  Json states = Json::array(), spectra = Json::array();
  for (const StateFlow& flow : probe.states)
    states.push_back({{"name", flow.name},
                      {"saturated", flow.saturated},
                      {"gradient_by_step", flow.gradient_by_step},
                      {"gradient_by_lag", flow.gradient_by_lag}});
  for (const RecurrentSpectrum& spectrum : probe.spectra)
    spectra.push_back({{"name", spectrum.name},
                       {"spectral_radius", spectrum.spectral_radius},
                       {"singular_values", spectrum.singular_values}});
  return Json{{"label", probe.label},
              {"training_step", probe.training_step},
              {"loss", probe.loss},
              {"gradient_norm", or_null(probe.gradient_norm)},
              {"clip_rate", or_null(probe.clip_rate)},
              {"states", states},
              {"spectra", spectra}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_svg(std::span<const RecurrentProbe> probes, const std::string& title) {
  std::vector<ChartPanel> panels{{"‖∂L / ∂h(t)‖ by time step", "time step t (0: initial state)"},
                                 {"‖∂L(T) / ∂h(T−k)‖ by lag: last loss alone", "lag k"},
                                 {"singular values of W_hh, largest first", "rank"}};
  std::vector<ChartLegend> legend;
  bool cells = false;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    for (const StateFlow& flow : probes[i].states) {
      const bool cell = flow.name.starts_with("c");
      cells |= cell;
      panels[0].curves.push_back({flow.gradient_by_step, i, cell});
      panels[1].curves.push_back({flow.gradient_by_lag, i, cell});
    }
    for (const RecurrentSpectrum& spectrum : probes[i].spectra)
      panels[2].curves.push_back({spectrum.singular_values, i});
    legend.push_back({probes[i].label, details_of(probes[i]), i});
  }
  return chart_svg(title, panels, legend, cells ? "dashed: the cell state c" : "");
}

}  // namespace xgrad::train
