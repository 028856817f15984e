#pragma once
// How gradients flow back through time in a recurrent network, measured on the network itself:
// where they vanish, where they explode. Theory: Pascanu, Mikolov and Bengio, "On the difficulty of
// training recurrent neural networks", ICML 2013, section 2: dL_T/dh_{T-k} is a product of k
// Jacobians diag(tanh') W_hh, so its norm is at most (largest singular value of W_hh)^k times that
// at k = 0.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <xgrad/autograd/variable.hpp>
#include <xgrad/nn/recurrent.hpp>

namespace xgrad::train {

/// One part of a recurrent state: the h of a layer, or the c of an LSTM layer.
template <class T>
struct ProbedState {
  std::string name;     ///< "h", "c", "h_l1" ...
  Tensor<T> initial{};  ///< [B, H], before the first step
  /// The units are outputs of a tanh (h); else (c) they go into one. Only saturation cares.
  bool after_tanh = true;
};

/// What one step of the network gives.
template <class T>
struct ProbedStep {
  std::vector<Variable<T>> state{};  ///< the parts, in the order of the initial ones
  Variable<T> loss{};                ///< L_t, a scalar; may be undefined but at the last step
};

/// Runs step `t` (0, 1, ...) from a state. It is to use the parts it is given, not copies of their
/// values: gradients flow through them.
template <class T>
using RecurrentStep = std::function<ProbedStep<T>(Index t, std::span<const Variable<T>> previous)>;

/// A recurrent weight [G*H, H]: G blocks, one for each gate.
template <class T>
struct RecurrentWeight {
  std::string name;  ///< "weight_hh_l0"
  Tensor<T> value{};
};

template <class T>
struct RecurrentProbeOptions {
  Index steps = 50;     ///< T
  std::string label{};  ///< names the run in numbers and pictures
  Index training_step = 0;
  std::vector<RecurrentWeight<T>> recurrent_weights{};
  /// All that takes a gradient: for the norm that clipping sees. Their grad() is left as it was;
  /// that of parameters which are not listed grows, as in any backward pass.
  std::vector<Variable<T>> parameters{};
  std::optional<double> clip_rate{};  ///< share of training steps that were clipped, if known
};

/// Singular values, largest first, and the largest modulus of an eigenvalue of one H x H block.
struct RecurrentSpectrum {
  std::string name;  ///< "weight_hh_l0", or of LSTM and GRU with the gate: "weight_hh_l0.f"
  std::vector<double> singular_values{};
  double spectral_radius = 0;
};

/// Norms are over batch and units together (Frobenius). Index t = 0 is the initial state. The parts
/// of a state count as independent: of an LSTM, dL/dc_t is what flows back into c_t from step t +
/// 1, and not what passes through h_t; so dL_T/dc_T is zero.
struct StateFlow {
  std::string name;
  std::vector<double> gradient_by_step{};  ///< |dL/dh_t|, t = 0..T, of L = the sum of all L_t
  std::vector<double> gradient_by_lag{};   ///< |dL_T/dh_{T-k}|, k = 0..T, of the last loss alone
  double saturated = 0;  ///< share of units, over all steps, with |h| > 0.99 (|tanh(c)| > 0.99)
};

struct RecurrentProbe {
  std::string label;
  Index training_step = 0;
  double loss = 0;  ///< the mean of the L_t that there are
  std::vector<StateFlow> states{};
  std::vector<RecurrentSpectrum> spectra{};
  /// Norm of the gradient of that mean over all parameters, as clip_grad_norm sees it.
  std::optional<double> gradient_norm{};
  std::optional<double> clip_rate{};
};

/// Runs the network step by step from the initial state and takes the gradients of every state on
/// the way. Costs one forward and two backward passes; changes nothing but what
/// RecurrentProbeOptions::parameters says. A gradient that does not reach a state counts as zero.
/// Throws ValueError: no step or state, a step that gives another number of parts, no loss at the
/// last step; ShapeError: a part that changes its shape, a loss of more than one element, a
/// recurrent weight that is not [G*H, H].
template <class T>
RecurrentProbe probe_recurrence(const RecurrentStep<T>& step,
                                const std::vector<ProbedState<T>>& initial,
                                const RecurrentProbeOptions<T>& options = {});

/// What a stack of recurrent layers is probed on, one step at a time.
template <class T>
struct RecurrentTask {
  /// The input of step t: [1, B, I], or the characters of one step.
  std::function<RecurrentInput<T>(Index t)> input{};
  /// L_t from the last layer's output [1, B, H], a scalar; may be undefined but at the last step.
  std::function<Variable<T>(Index t, const Variable<T>& output)> loss{};
};

/// The same for an nn::RNN, LSTM or GRU that runs forwards in time. The states are those of each
/// layer: "h" (and "c") of a single one, else "h_l0", "h_l1" ... ; its recurrent weights and its
/// parameters are taken in besides those in `options` (such as the output layer's). Dropout between
/// layers is left out. `state` is where it begins, [layers, B, H]; undefined for zeros.
/// Throws as the function above does, and ValueError for layers that also run backwards.
template <class T>
RecurrentProbe probe_recurrence(const nn::Recurrent<T>& layers, const RecurrentTask<T>& task,
                                const RecurrentState<T>& state, Index batch,
                                RecurrentProbeOptions<T> options = {});

/// The spectrum of each H x H block of a recurrent weight, in double. Throws ShapeError unless it
/// is [G*H, H]; NumericError for a weight that is not finite, or where LAPACK does not converge.
template <class T>
std::vector<RecurrentSpectrum> recurrent_spectra(const RecurrentWeight<T>& weight);

/// One line of JSON, without the newline: label, training_step, loss, gradient_norm, clip_rate,
/// states [{name, saturated, gradient_by_step, gradient_by_lag}], spectra [{name, spectral_radius,
/// singular_values}]. What is absent or not finite is null.
std::string to_json_line(const RecurrentProbe& probe);

/// A picture that compares probes: both gradient norms and the singular values on logarithmic axes,
/// and a legend with the numbers. An SVG document that needs nothing else, for light and dark
/// pages.
std::string to_svg(std::span<const RecurrentProbe> probes, const std::string& title);

}  // namespace xgrad::train
