#pragma once
// HTML documents that need nothing else: no network, no script. They follow the reader's choice of
// light or dark, and fit a phone.

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace xgrad::command {

/// Text as HTML wants it, also within quotes.
std::string escaped(std::string_view text);

/// "215,466", for what is not negative.
std::string with_commas(std::int64_t number);

/// A document that grows from its head to its end.
class HtmlPage {
 public:
  /// Begins with the style sheet, that of charts, and `style`: rules of this kind of page.
  explicit HtmlPage(std::string_view title, std::string_view style = "");

  /// Markup as it is: texts in it must have been escaped.
  template <class... A>
  void add(fmt::format_string<A...> format, A&&... arguments) {
    fmt::format_to(std::back_inserter(html_), format, std::forward<A>(arguments)...);
  }
  /// An entry of a list <dl class="facts">. The value is escaped.
  void fact(const char* name, const std::string& value);
  /// A table of rows of cells, which are escaped; those from column `numbers` on are numbers.
  void table(const char* caption, const std::vector<std::string>& head, std::size_t numbers,
             const std::vector<std::vector<std::string>>& rows);

  std::string finish() && { return std::move(html_) + "</body>\n</html>\n"; }

 private:
  void row(const char* tag, const std::vector<std::string>& cells, std::size_t numbers);

  std::string html_;
};

/// Throws IoError, naming the file and the system's reason; an old file stays until the new one is
/// complete.
void write_html(const std::string& html, const std::filesystem::path& path);

}  // namespace xgrad::command
