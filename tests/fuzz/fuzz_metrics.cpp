// metrics.jsonl of a run, drawn as the report does.

#include <tools/xgrad/report_metrics.hpp>

#include "fuzz.hpp"

using namespace xgrad;
using namespace xgrad::command;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile file;
  static const fuzz::MemoryFolder folder;
  static const bool linked = (folder.link("metrics.jsonl", file), true);
  static_cast<void>(linked);
  file.write({data, size});
  const fuzz::MemoryLimit limit(1'000'000 + 2000 * size);  // a point is 20 bytes of SVG and more
  fuzz::succeeds([&] {
    const RunMetrics metrics = read_metrics(folder.path());
    static_cast<void>(metrics.last("seconds"));
    HtmlPage page("fuzz");
    add_curves(page, metrics, size % 2 == 0);
    const std::string html = std::move(page).finish();
    fuzz::require(html.find("<script") == html.npos, "a script in the page");
  });
  return 0;
}
