#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include <xgrad/core/log.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/ranks.hpp"

namespace xgrad::command {
namespace {

constexpr int failure = 1;
constexpr int reader_is_gone =
    128 + SIGPIPE;  // what a shell reports for a program that SIGPIPE ended

int complain(const std::string& message, int exit_code) {
  // Of ranks with the same complaint the first speaks; mpirun then ends the others within a second.
  if (launch().rank > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  std::fprintf(stderr, "xgrad: %s\n", message.c_str());
  return exit_code;
}

// A standard stream that the caller closed would be given to the next file that is opened, and our
// messages written into it.
void occupy_closed_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF) open("/dev/null", O_RDONLY);
}

// Says what is wrong with the command line, in one line.
std::string describe(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* verb = &app;
  std::string path = "xgrad";
  while (!verb->get_subcommands().empty()) {
    verb = verb->get_subcommands().front();
    path += " " + verb->get_name();
  }
  std::vector<std::string> verbs;
  for (const CLI::App* one : verb->get_subcommands({})) verbs.push_back(one->get_name());
  const auto unknown = app.remaining(true);
  std::string what = error.what();
  if (!unknown.empty() && unknown[0].starts_with("-"))
    what = fmt::format("unknown option '{}'{}", unknown[0],
                       app.remaining().empty() ? "" : " (options go after the verb)");
  else if (!unknown.empty() && !verbs.empty())
    what = fmt::format("there is no verb '{}'{}", unknown[0], suggestion(unknown[0], verbs));
  else if (!verbs.empty())
    what = fmt::format("which one? {}", fmt::join(verbs, ", "));
  std::replace(what.begin(), what.end(), '\n', ' ');
  return fmt::format("{}; see {} --help", what, path);
}

int run(int argc, char** argv) {
  CLI::App app("Trains small networks on the CPU and checks their gradients.", "xgrad");
  app.set_version_flag("--version", "xgrad " XGRAD_VERSION);
  app.require_subcommand(1);
  app.footer(
      "xgrad VERB --help explains a verb. Results go to stdout, progress and logs to stderr.");
  Session session;
  session.common.under_launcher = [argv](const CommonOptions& common, const auto& action) {
    return run_under_launcher(argv, common, action);
  };
  CLI::App* const train = app.add_subcommand("train", "Train a model");
  train->require_subcommand(1);
  add_train_images(*train, session);
  add_train_chars(*train, session);
  add_eval(app, session);
  add_sample(app, session);
  add_predict(app, session);
  add_export(app, session);
  add_gradcheck(app, session);
  add_report(app, session);
  add_bench(app, session);
  add_graph(app, session);
  add_summary(app, session);
  add_fetch(app, session);
  add_doctor(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    write_output(app.help());
    return 0;
  } catch (const CLI::CallForVersion& version) {
    print("{}\n", version.what());
    return 0;
  } catch (const CLI::ParseError& error) {
    throw UsageError(describe(app, error));
  }
  set_quiet(session.common.quiet);
  if (session.common.quiet) set_log_level("error");
  if (!session.common.log_level.empty()) set_log_level(session.common.log_level);
  if (session.common.threads > 0) set_num_threads(session.common.threads);
  manual_seed(session.common.seed);
  return session.action(session.common);
}

}  // namespace
}  // namespace xgrad::command

int main(int argc, char** argv) {
  using namespace xgrad::command;
  occupy_closed_standard_streams();
  // A reader that stops reading must not end a training: writing fails instead.
  std::signal(SIGPIPE, SIG_IGN);
  // Nor must a limit on the size of files, by a signal that says nothing: writing fails, and why.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const UsageError& error) {
    return complain(error.what(), wrong_usage);
  } catch (const OutputError& error) {
    return error.error_code == EPIPE ? reader_is_gone : complain(error.what(), failure);
  } catch (const std::bad_alloc&) {
    return complain("out of memory: try a smaller --batch-size", failure);
  } catch (const std::exception& error) {
    return complain(error.what(), failure);
  }
}
