// xgrad doctor: what this build and this machine give to xgrad, and what stands in its way.

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/environment.hpp"

namespace xgrad::command {
namespace {

void print_report(const Environment& report) {
  for (const auto& [key, value] : report.json.items()) {
    std::string label = key;
    for (char& c : label)
      if (c == '_') c = ' ';
    print("{:<17} {}\n", label,
          value.is_null()     ? "none"
          : value.is_string() ? value.get<std::string>()
                              : value.dump());
  }
  print("\n");
  for (const auto& error : report.errors) print("error: {}\n", error);
  for (const auto& warning : report.warnings) print("warning: {}\n", warning);
  if (!report.errors.empty())
    print("xgrad cannot work here; see the errors above.\n");
  else if (!report.warnings.empty())
    print("xgrad works here, but see the warnings above.\n");
  else
    print("All is well.\n");
}

int run(const CommonOptions& common) {
  const Environment report = examine_environment();
  if (common.json) {
    nlohmann::ordered_json json{
        {"ok", report.errors.empty()}, {"errors", report.errors}, {"warnings", report.warnings}};
    json.update(report.json);
    print_json(json);
  } else {
    print_report(report);
  }
  return report.errors.empty() ? 0 : 1;
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  add_verb(app, session, "doctor",
           "Show what this build and machine give to xgrad, and what is amiss", run);
}

}  // namespace xgrad::command
