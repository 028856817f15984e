// xgrad report: a page that shows a run.

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/report_page.hpp"

namespace xgrad::command {
namespace {

struct ReportOptions {
  ReportRequest request{};
  std::string run{};
  std::string output{};
};

int run(const ReportOptions& options, const CommonOptions& common) {
  const std::filesystem::path folder = options.run;
  const std::filesystem::path path =
      options.output.empty() ? folder / "report.html" : std::filesystem::path(options.output);
  const Report report = make_report({.folder = folder, .data = options.request.data});
  write_html(report.html, path);
  if (common.json) {
    print_json(
        {{"path", path.string()}, {"bytes", report.html.size()}, {"missing", report.missing}});
  } else {
    for (const std::string& one : report.missing) print("not on the page: {}\n", one);
    print("{}: {:.0f} kB\n", path.string(), static_cast<double>(report.html.size()) / 1000);
  }
  return 0;
}

}  // namespace

void add_report(CLI::App& app, Session& session) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App* const verb =
      add_verb(app, session, "report", "Show a run on a page: curves, mistakes, filters, samples",
               [options](const CommonOptions& common) { return run(*options, common); });
  verb->add_option("run", options->run, "Folder that train --out wrote")
      ->required()
      ->type_name("RUN");
  verb->add_option("-o,--output", options->output, "The page (default: RUN/report.html)")
      ->type_name("FILE.html");
  verb->add_option("--data", options->request.data,
                   "Folder of the images' files, or the text (default: as in training)")
      ->type_name("PATH");
}

}  // namespace xgrad::command
