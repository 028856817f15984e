#include <dlfcn.h>
#include <sched.h>

#include <cstdlib>
#include <fstream>

#include <xsimd/config/xsimd_config.hpp>
#include <xtensor/xtensor_config.hpp>
#if defined(XGRAD_WITH_ONEDNN)
#include <dnnl.hpp>
#endif

#include <fmt/format.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/simd/bf16.hpp>
#include <xgrad/kernels/simd/level.hpp>

#include "datasets/cifar.hpp"
#include "datasets/mnist.hpp"
#include "tools/xgrad/environment.hpp"
#include "tools/xgrad/ranks.hpp"

namespace xgrad::command {
namespace {

using Json = nlohmann::ordered_json;

std::string first_line(const char* path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

void examine_build(Environment& found) {
  found.add("xgrad", XGRAD_VERSION);
#if defined(__clang__)
  found.add("compiler", "Clang " __clang_version__);
#else
  found.add("compiler", "GCC " __VERSION__);
#endif
#if defined(NDEBUG)
  found.add("build", "release");
#else
  found.add("build", "debug");
  found.warnings.push_back("this is a debug build: for speed, use the release preset");
#endif
  found.add("xtensor", fmt::format("{}.{}.{}", XTENSOR_VERSION_MAJOR, XTENSOR_VERSION_MINOR,
                                    XTENSOR_VERSION_PATCH));
  found.add("xsimd", fmt::format("{}.{}.{}", XSIMD_VERSION_MAJOR, XSIMD_VERSION_MINOR,
                                  XSIMD_VERSION_PATCH));
}

void examine_simd(Environment& found) {
  try {
    found.add("simd", kernels::to_string(kernels::simd_level()));
    found.add("bf16", kernels::has_bf16() ? "yes" : "no");
  } catch (const ValueError& error) {
    found.add("simd", nullptr);
    found.errors.emplace_back(error.what());
    return;
  }
  if (const char* wanted = std::getenv("XGRAD_SIMD"); wanted != nullptr && *wanted != '\0')
    found.warnings.push_back(fmt::format(
        "XGRAD_SIMD={} decides the instruction set: unset it for the best one", wanted));
}

// Asks the library that is loaded, which need not be the one that was linked against.
void examine_blas(Environment& found) {
  using Config = char* (*)();
  using Parallel = int (*)();
  const auto config = reinterpret_cast<Config>(dlsym(RTLD_DEFAULT, "openblas_get_config"));
  const auto parallel = reinterpret_cast<Parallel>(dlsym(RTLD_DEFAULT, "openblas_get_parallel"));
  if (config == nullptr || parallel == nullptr) {
    found.add("blas", "not OpenBLAS");
    found.warnings.push_back(
        "BLAS is not OpenBLAS: speed, and equal results at any number of threads, are untested; "
        "install "
        "libopenblas-openmp-dev and build again");
    return;
  }
  constexpr const char* threading[] = {"none", "pthread", "openmp"};
  const int kind = parallel();
  Dl_info library{};
  dladdr(reinterpret_cast<void*>(config), &library);
  found.add("blas", config());
  found.add("blas_library", library.dli_fname == nullptr ? "" : library.dli_fname);
  found.add("blas_threading", kind >= 0 && kind <= 2 ? threading[kind] : "unknown");
  if (kind == 1)
    found.warnings.push_back(
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

void examine_onednn(Environment& found) {
#if defined(XGRAD_WITH_ONEDNN)
  const dnnl_version_t& version = *dnnl_version();
  found.add("onednn", fmt::format("{}.{}.{}", version.major, version.minor, version.patch));
  found.add("onednn_isa", to_string(dnnl::get_effective_cpu_isa()));
  found.add("onednn_threading", version.cpu_runtime == DNNL_RUNTIME_OMP ? "openmp" : "other");
  if (version.cpu_runtime != DNNL_RUNTIME_OMP)
    found.warnings.push_back(
        "this oneDNN does not take its threads from OpenMP: two owners of threads fight for the "
        "cores");
#else
  found.add("onednn", nullptr);
  found.warnings.push_back(
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

void examine_cores(Environment& found) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const int usable = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 0;
  const double quota = cpu_quota();
  found.add("cores", usable);
  if (quota > 0) found.add("cpu_quota", quota);
  found.add("threads", num_threads());
  if (const auto program = mpi_program())
    found.add("mpi", program->string());
  else
    found.add("mpi", nullptr);
  if (ranks().size() > 1) found.add("ranks", ranks().size());
  if (usable > 0 && num_threads() > usable)
    found.warnings.push_back(
        fmt::format("{} threads on {} cores wait for each other: use --threads {}", num_threads(),
                    usable, usable));
  else if (quota > 0 && num_threads() > quota + 0.5)
    found.warnings.push_back(fmt::format(
        "{} threads, but this container may use {:.1f} cores' time: use fewer --threads",
        num_threads(), quota));
}

void examine_memory(Environment& found) {
  // "always [madvise] never": the word in brackets is in force.
  const std::string modes = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  const auto open = modes.find('['), close = modes.find(']');
  const std::string mode =
      open < close && close != modes.npos ? modes.substr(open + 1, close - open - 1) : "unknown";
  found.add("huge_pages", mode);
  if (mode == "never")
    found.warnings.push_back(
        "huge pages are off, so first steps are slower: echo madvise > "
        "/sys/kernel/mm/transparent_hugepage/enabled (as root)");
}

void examine_data(Environment& found) {
  std::string folder, searched;
  for (const datasets::MnistPlace& place : datasets::mnist_places()) {
    if (place.found && folder.empty()) folder = place.folder.string();
    searched += (searched.empty() ? "" : ", ") + place.folder.string();
  }
  found.add("data", folder.empty() ? Json("built-in synthetic digits") : Json(folder));
  Json cifar10;
  for (const datasets::DataPlace& place : datasets::cifar10_places())
    if (place.found && cifar10.is_null()) cifar10 = place.folder.string();
  found.add("cifar10", cifar10);
  if (folder.empty())
    found.warnings.push_back("no images found in " + searched +
                              ": training takes synthetic digits; install dataset-fashion-mnist");
}

}  // namespace

Environment examine_environment() {
  Environment found;
  for (const auto examine : {examine_build, examine_simd, examine_blas, examine_onednn,
                             examine_cores, examine_memory, examine_data})
    examine(found);
  return found;
}

}  // namespace xgrad::command
