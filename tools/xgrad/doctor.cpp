// xgrad doctor: what this build and this machine give to xgrad, and what stands in its way.

#include <dlfcn.h>
#include <sched.h>

#include <cstdlib>
#include <fstream>

#include <xsimd/config/xsimd_config.hpp>
#include <xtensor/xtensor_config.hpp>
#if defined(XGRAD_WITH_ONEDNN)
#include <dnnl.hpp>
#endif

#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/simd/bf16.hpp>
#include <xgrad/kernels/simd/level.hpp>

#include "datasets/mnist.hpp"
#include "tools/xgrad/command.hpp"

namespace xgrad::command {
namespace {

using Json = nlohmann::ordered_json;

// The findings: rows for people, the same as JSON, and what is wrong.
struct Report {
  Json json = Json::object();
  std::vector<std::string> warnings;
  std::vector<std::string> errors;

  void add(const std::string& key, Json value) { json[key] = std::move(value); }
};

std::string first_line(const char* path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

void examine_build(Report& report) {
  report.add("xgrad", XGRAD_VERSION);
#if defined(__clang__)
  report.add("compiler", "Clang " __clang_version__);
#else
  report.add("compiler", "GCC " __VERSION__);
#endif
#if defined(NDEBUG)
  report.add("build", "release");
#else
  report.add("build", "debug");
  report.warnings.push_back("this is a debug build: for speed, use the release preset");
#endif
  report.add("xtensor", fmt::format("{}.{}.{}", XTENSOR_VERSION_MAJOR, XTENSOR_VERSION_MINOR,
                                    XTENSOR_VERSION_PATCH));
  report.add("xsimd", fmt::format("{}.{}.{}", XSIMD_VERSION_MAJOR, XSIMD_VERSION_MINOR,
                                  XSIMD_VERSION_PATCH));
}

void examine_simd(Report& report) {
  try {
    report.add("simd", kernels::to_string(kernels::simd_level()));
    report.add("bf16", kernels::has_bf16() ? "yes" : "no");
  } catch (const ValueError& error) {
    report.add("simd", nullptr);
    report.errors.emplace_back(error.what());
    return;
  }
  if (const char* wanted = std::getenv("XGRAD_SIMD"); wanted != nullptr && *wanted != '\0')
    report.warnings.push_back(fmt::format(
        "XGRAD_SIMD={} decides the instruction set: unset it for the best one", wanted));
}

// Asks the library that is loaded, which need not be the one that was linked against.
void examine_blas(Report& report) {
  using Config = char* (*)();
  using Parallel = int (*)();
  const auto config = reinterpret_cast<Config>(dlsym(RTLD_DEFAULT, "openblas_get_config"));
  const auto parallel = reinterpret_cast<Parallel>(dlsym(RTLD_DEFAULT, "openblas_get_parallel"));
  if (config == nullptr || parallel == nullptr) {
    report.add("blas", "not OpenBLAS");
    report.warnings.push_back(
        "BLAS is not OpenBLAS: speed, and equal results at any number of threads, are untested; "
        "install "
        "libopenblas-openmp-dev and build again");
    return;
  }
  constexpr const char* threading[] = {"none", "pthread", "openmp"};
  const int kind = parallel();
  Dl_info library{};
  dladdr(reinterpret_cast<void*>(config), &library);
  report.add("blas", config());
  report.add("blas_library", library.dli_fname == nullptr ? "" : library.dli_fname);
  report.add("blas_threading", kind >= 0 && kind <= 2 ? threading[kind] : "unknown");
  if (kind == 1)
    report.warnings.push_back(
        "this OpenBLAS has threads of its own (pthread), which fight OpenMP's for the cores: "
        "install "
        "libopenblas-openmp-dev, or choose it by update-alternatives --config "
        "libopenblas.so.0-x86_64-linux-gnu");
}

#if defined(XGRAD_WITH_ONEDNN)
const char* to_string(dnnl::cpu_isa isa) {
  switch (isa) {
    case dnnl::cpu_isa::sse41:
      return "SSE4.1";
    case dnnl::cpu_isa::avx:
      return "AVX";
    case dnnl::cpu_isa::avx2:
      return "AVX2";
    case dnnl::cpu_isa::avx2_vnni:
      return "AVX2 with VNNI";
    case dnnl::cpu_isa::avx512_core:
      return "AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "AVX-512 with VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "AVX-512 with bf16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "AVX-512 with AMX";
    default:
      return "unnamed";
  }
}
#endif

void examine_onednn(Report& report) {
#if defined(XGRAD_WITH_ONEDNN)
  const dnnl_version_t& version = *dnnl_version();
  report.add("onednn", fmt::format("{}.{}.{}", version.major, version.minor, version.patch));
  report.add("onednn_isa", to_string(dnnl::get_effective_cpu_isa()));
  report.add("onednn_threading", version.cpu_runtime == DNNL_RUNTIME_OMP ? "openmp" : "other");
  if (version.cpu_runtime != DNNL_RUNTIME_OMP)
    report.warnings.push_back(
        "this oneDNN does not take its threads from OpenMP: two owners of threads fight for the "
        "cores");
#else
  report.add("onednn", nullptr);
  report.warnings.push_back(
      "built without oneDNN: convolutions take the slower way over BLAS; configure with "
      "-DXGRAD_WITH_ONEDNN=ON");
#endif
}

// How many cores' worth of time the control group grants, or 0 where there is no limit.
double cpu_quota() {
  double quota = 0, period = 0;
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  return file >> quota >> period && period > 0 ? quota / period : 0;  // "max 100000" has no number
}

void examine_cores(Report& report) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const int usable = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 0;
  const double quota = cpu_quota();
  report.add("cores", usable);
  if (quota > 0) report.add("cpu_quota", quota);
  report.add("threads", num_threads());
  if (usable > 0 && num_threads() > usable)
    report.warnings.push_back(
        fmt::format("{} threads on {} cores wait for each other: use --threads {}", num_threads(),
                    usable, usable));
  else if (quota > 0 && num_threads() > quota + 0.5)
    report.warnings.push_back(fmt::format(
        "{} threads, but this container may use {:.1f} cores' time: use fewer --threads",
        num_threads(), quota));
}

void examine_memory(Report& report) {
  // "always [madvise] never": the word in brackets is in force.
  const std::string modes = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  const auto open = modes.find('['), close = modes.find(']');
  const std::string mode =
      open < close && close != modes.npos ? modes.substr(open + 1, close - open - 1) : "unknown";
  report.add("huge_pages", mode);
  if (mode == "never")
    report.warnings.push_back(
        "huge pages are off, so first steps are slower: echo madvise > "
        "/sys/kernel/mm/transparent_hugepage/enabled (as root)");
}

void examine_data(Report& report) {
  std::string found, searched;
  for (const datasets::MnistPlace& place : datasets::mnist_places()) {
    if (place.found && found.empty()) found = place.folder.string();
    searched += (searched.empty() ? "" : ", ") + place.folder.string();
  }
  report.add("data", found.empty() ? Json("built-in synthetic digits") : Json(found));
  if (found.empty())
    report.warnings.push_back("no images found in " + searched +
                              ": training takes synthetic digits; install dataset-fashion-mnist");
}

void print_report(const Report& report) {
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
  Report report;
  for (const auto examine : {examine_build, examine_simd, examine_blas, examine_onednn,
                             examine_cores, examine_memory, examine_data})
    examine(report);
  if (common.json) {
    Json json{
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
