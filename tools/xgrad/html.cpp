#include "tools/xgrad/html.hpp"

#include <span>

#include <xgrad/io/atomic_file.hpp>
#include <xgrad/train/chart.hpp>

namespace xgrad::command {
namespace {

constexpr const char* page_style = R"(<style>
:root { color-scheme: light dark; --ink: #24292f; --pale: #57606a; --page: #ffffff; --line: #d8dee4;
  --code: #f6f8fa; --good: #1a7f37; --bad: #cf222e; --bad-page: #fff1f0; --link: #0969da }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --pale: #9198a1; --page: #0d1117;
  --line: #2a313c; --code: #161b22; --good: #4ac26b; --bad: #ff7b72; --bad-page: #2a1416;
  --link: #58a6ff } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1080px; padding: 1.5rem 1rem 4rem; background: var(--page);
  color: var(--ink); font: 16px/1.55 system-ui, sans-serif; overflow-wrap: break-word }
h1 { margin: 0; font-size: 1.7rem } h2 { margin: 2.2rem 0 .6rem; font-size: 1.25rem }
h3 { margin: 0; font-size: 1.1rem } p { margin: .6rem 0 } a { color: var(--link) }
.lead { max-width: 46rem } .pale { color: var(--pale); font-size: .875rem }
.good { color: var(--good) } .bad { color: var(--bad) } .good, .bad { font-weight: 600 }
.verdict { margin: .3rem 0 1rem; font-size: 1.15rem }
pre { margin: .6rem 0; padding: .6rem .8rem; border-radius: 6px; background: var(--code);
  font: 13px/1.5 ui-monospace, monospace; white-space: pre-wrap }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: .8rem;
  margin: 0 } .facts dt { color: var(--pale); font-size: .8125rem }
.facts dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums }
.index { columns: 9.5rem; padding: 0; list-style: none; font-size: .9375rem }
section { margin-top: 1.2rem; padding: 1rem 0; border-top: 1px solid var(--line) }
.two { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 26rem); gap: 0 1.5rem }
.two > *, .facts { min-width: 0 }
@media (max-width: 760px) { .two { grid-template-columns: minmax(0, 1fr) } }
figure { margin: 0 } figure svg { display: block; width: 100%; max-width: 27rem }
.diagnosis { margin: .6rem 0; padding: .5rem .8rem .5rem 1.6rem; border-left: 3px solid var(--bad);
  background: var(--bad-page) }
summary { margin-top: .6rem; cursor: pointer; color: var(--link) }
.wide { overflow-x: auto } table { border-collapse: collapse; margin: .5rem 0; font-size: .875rem }
caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th, td { padding: .2rem .9rem .2rem 0; text-align: left; white-space: nowrap;
  border-bottom: 1px solid var(--line) } th { color: var(--pale); font-weight: 400 }
@media (max-width: 760px) { table { font-size: .8125rem } th, td { padding-right: .5rem }
  td:first-child { white-space: normal; min-width: 5.5rem } }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
</style>
)";

}  // namespace

std::string escaped(std::string_view text) { return train::escape_markup(text); }

std::string with_commas(std::int64_t number) {
  const std::string digits = fmt::format("{}", number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

HtmlPage::HtmlPage(std::string_view title, std::string_view style) {
  add("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n{}{}{}</head>\n<body>\n",
      escaped(title), page_style, train::chart_style(), style);
}

void HtmlPage::fact(const char* name, const std::string& value) {
  add("<div><dt>{}</dt><dd>{}</dd></div>\n", name, escaped(value));
}

void HtmlPage::table(const char* caption, const std::vector<std::string>& head, std::size_t numbers,
                     const std::vector<std::vector<std::string>>& rows) {
  add("<div class=\"wide\"><table><caption>{}</caption>\n", caption);
  row("th", head, numbers);
  for (const auto& cells : rows) row("td", cells, numbers);
  add("</table></div>\n");
}

void HtmlPage::row(const char* tag, const std::vector<std::string>& cells, std::size_t numbers) {
  add("<tr>");
  for (std::size_t i = 0; i < cells.size(); ++i)
    add("<{}{}>{}</{}>", tag, i >= numbers ? " class=\"number\"" : "", escaped(cells[i]), tag);
  add("</tr>\n");
}

void write_html(const std::string& html, const std::filesystem::path& path) {
  io::AtomicFile file(path);
  file.write(std::as_bytes(std::span(html)));
  file.commit();
}

}  // namespace xgrad::command
