#include "tools/xgrad/report_page.hpp"

#include <fstream>
#include <new>

#include <xgrad/core/error.hpp>

#include "tools/xgrad/image_run.hpp"
#include "tools/xgrad/run_folder.hpp"
#include "tools/xgrad/text_run.hpp"

namespace xgrad::command {
namespace {

using nlohmann::json;

constexpr const char* report_style = R"(<style>
.headline { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .9rem 1rem;
  margin: 1.2rem 0 } .headline dt { color: var(--pale); font-size: .8125rem }
.headline dd { margin: 0; font-size: 1.35rem; font-weight: 600; line-height: 1.25;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
.notice { margin: 1rem 0; padding: .6rem .9rem; border-left: 3px solid var(--link); background: var(--code) }
.notice ul { margin: .3rem 0; padding-left: 1.2rem }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 1rem }
.charts figure { min-width: 0 } .charts figure svg { max-width: none }
.legend { display: flex; flex-wrap: wrap; gap: .1rem .9rem; margin: .2rem 0 0; padding: 0 0 0 10%;
  list-style: none; font-size: .8125rem; color: var(--pale) }
figure .legend svg { display: inline-block; width: 24px; margin-right: .35rem; vertical-align: middle }
.confusion td, .confusion th { padding: .3rem .5rem; text-align: right; font-variant-numeric: tabular-nums }
.confusion td { border: 1px solid var(--page); min-width: 2.4rem }
@media (max-width: 760px) { .confusion td, .confusion th { padding: .3rem .2rem; font-size: .75rem }
  .confusion td { min-width: 0 } .confusion td:first-child { min-width: 0 } }
@media (max-width: 480px) { .confusion tr > :last-child { display: none } }
img { image-rendering: pixelated; display: block } img.drawing { image-rendering: auto; max-width: none }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.3rem, 1fr)); gap: 1rem .7rem;
  margin: 1rem 0; padding: 0; list-style: none; font-size: .8125rem; line-height: 1.4 }
.tiles img { margin-bottom: .3rem; border-radius: 4px } .tiles .pale { font-size: inherit }
.formula { margin: .8rem 0; padding-left: 1.5rem; font-size: 1.05rem; font-family: Georgia, serif }
.filters { display: grid; grid-template-columns: repeat(auto-fill, minmax(19.5rem, 1fr)); gap: 1rem 1.4rem;
  margin: 1.2rem 0 1.8rem; padding: 0; list-style: none }
.filters li, .strip { display: flex; gap: .55rem; align-items: flex-start; text-align: center }
.filters b { width: 1.5rem; white-space: nowrap; line-height: 44px; text-align: right } .filters img, .strip img { margin: auto }
.filters li > div { min-width: 44px } .filters .pale, .strip .pale { font-size: .75rem; white-space: nowrap }
.strip { flex-wrap: wrap; margin: .8rem 0 } .strip > span { width: 4.5rem; line-height: 44px; text-align: left }
.strip > span.pale { font-size: .875rem } .sample { border-left: 3px solid var(--line) }
td.value { white-space: normal; overflow-wrap: anywhere }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 0 2rem }
.tables td:first-child { color: var(--pale); vertical-align: top }
</style>
)";

// A value of a configuration in a line. Of long lists, such as a vocabulary, the length.
std::string in_a_line(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array() && value.size() > 8) return fmt::format("{} entries", value.size());
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void add_values(HtmlPage& page, const char* caption, const json& values) {
  page.add("<div class=\"wide\"><table><caption>{}</caption>\n", caption);
  for (const auto& [name, value] : values.items())
    page.add("<tr><td>{}</td><td class=\"value\">{}</td></tr>\n", escaped(name),
             escaped(in_a_line(value)));
  page.add("</table></div>\n");
}

}  // namespace

Report make_report(const ReportRequest& request) {
  const json config = load_config(request.folder);
  const auto kind = config.at("kind").get<std::string>();
  if (kind == ImageRunConfig::kind) return report_on_images(request, config);
  if (kind == TextRunConfig::kind) return report_on_text(request, config);
  throw IoError(fmt::format("{}: a run of kind \"{}\" is not known to this version",
                            request.folder.string(), kind));
}

void attempt(std::vector<std::string>& missing, const std::string& what,
             const std::function<void()>& action) {
  try {
    action();
  } catch (const std::bad_alloc&) {
    throw;  // not a matter of the run
  } catch (const std::exception& error) {
    missing.push_back(fmt::format("{}: {}", what, error.what()));
  }
}

RunMetrics metrics_of(const ReportRequest& request, std::vector<std::string>& missing) {
  RunMetrics metrics = read_metrics(request.folder);
  if (metrics.empty())
    missing.push_back(
        "Curves, time and speed: there is no metrics.jsonl with measurements in the "
        "run’s folder");
  return metrics;
}

HtmlPage begin_report(const std::string& title, const std::string& subtitle,
                      const std::vector<std::string>& missing) {
  HtmlPage page(title, report_style);
  page.add("<h1>{}</h1>\n<p class=\"pale\">{}</p>\n", escaped(title), escaped(subtitle));
  if (!missing.empty()) {
    page.add("<div class=\"notice\"><b>Not on this page</b>\n<ul>\n");
    for (const std::string& one : missing) page.add("<li>{}</li>\n", escaped(one));
    page.add("</ul></div>\n");
  }
  return page;
}

std::string finish_report(HtmlPage page, const ReportRequest& request, const json& config) {
  page.add("<h2>How it was made</h2>\n<div class=\"tables\">\n");
  add_values(page, "Configuration", config);
  std::ifstream file(request.folder / "environment.json");
  const json environment = json::parse(file, nullptr, false);
  if (environment.is_object())
    add_values(page, "Environment", environment);
  else
    page.add(
        "<p>The run’s folder does not say what it was trained with: there is no "
        "environment.json in it.</p>\n");
  page.add("</div>\n<p class=\"pale\">Written by xgrad {} from the run in {}.</p>\n", XGRAD_VERSION,
           escaped(std::filesystem::absolute(request.folder).lexically_normal().string()));
  return std::move(page).finish();
}

}  // namespace xgrad::command
