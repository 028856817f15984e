// The part of recurrent_probe.hpp that needs LAPACK, apart from the rest since xtensor-blas takes
// long to compile.

#include <xgrad/train/recurrent_probe.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <xtensor-blas/xlinalg.hpp>

#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/xtensor.hpp>

namespace xgrad::train {
namespace {

// PyTorch's order of the gates.
std::string block_name(const std::string& weight, Index block, Index blocks) {
  constexpr std::string_view gru = "rzn", lstm = "ifgo";
  const std::string_view gates = blocks == 3 ? gru : blocks == 4 ? lstm : std::string_view();
  if (blocks == 1) return weight;
  if (gates.empty()) return fmt::format("{}.{}", weight, block);
  return fmt::format("{}.{}", weight, gates[static_cast<std::size_t>(block)]);
}

RecurrentSpectrum spectrum_of(std::string name, const Tensor<double>& block) {
  RecurrentSpectrum spectrum{std::move(name)};
  xt::xtensor<double, 2, xt::layout_type::column_major> matrix = block.array();
  // In one chunk, so that LAPACK runs on one thread and its sums are always the same.
  parallel_for(1, 1, [&](Index, Index) {
    const auto singular = std::get<1>(xt::linalg::svd(matrix, false, false));
    spectrum.singular_values.assign(singular.begin(), singular.end());
    const auto eigenvalues = xt::linalg::eigvals(matrix);
    for (const auto& value : eigenvalues)
      spectrum.spectral_radius = std::max(spectrum.spectral_radius, std::abs(value));
  });
  return spectrum;
}

}  // namespace

template <class T>
std::vector<RecurrentSpectrum> recurrent_spectra(const RecurrentWeight<T>& weight) {
  const Tensor<T>& value = weight.value;
  if (value.shape().rank() != 2 || value.size() == 0 || value.shape(0) % value.shape(1) != 0)
    throw ShapeError(
        fmt::format("recurrent_spectra: {} has shape {}, expected [G*H, H]: one H x H "
                    "block for each of G gates",
                    weight.name, value.shape().to_string()));
  if (!std::all_of(value.values().begin(), value.values().end(),
                   [](T x) { return std::isfinite(x); }))
    throw NumericError(
        fmt::format("recurrent_spectra: {} holds a NaN or infinity: the run has "
                    "diverged; clip its gradients or lower the learning rate",
                    weight.name));
  const Index hidden = value.shape(1), blocks = value.shape(0) / hidden;
  std::vector<RecurrentSpectrum> spectra;
  for (Index g = 0; g < blocks; ++g) {
    const Tensor<T> block = value.slice(g * hidden, (g + 1) * hidden);
    const std::string name = block_name(weight.name, g, blocks);
    try {
      spectra.push_back(spectrum_of(name, Tensor<double>(block.array())));
    } catch (const Error&) {
      throw;
    } catch (const std::runtime_error& error) {
      throw NumericError(fmt::format("recurrent_spectra: {}: {}", name, error.what()));
    }
  }
  return spectra;
}

template std::vector<RecurrentSpectrum> recurrent_spectra(const RecurrentWeight<float>&);
template std::vector<RecurrentSpectrum> recurrent_spectra(const RecurrentWeight<double>&);

}  // namespace xgrad::train
