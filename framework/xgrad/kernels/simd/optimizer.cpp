#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/optimizer.hpp>

namespace xgrad::kernels {
namespace {

// f(g[i], state[i]...) for 0 <= i < n; f changes the states, which it takes by reference. The tail
// goes through the same vector code in padded buffers, as in map().
template <class L, class T, class F, class... State>
void update(Index n, F f, const T* g, State*... state) {
  constexpr Index width = static_cast<Index>(Batch<T>::size);
  const auto whole = [&](const T* gradient, State*... at) {
    const auto apply = [&](Batch<T> dp, auto... lanes) {
      f(dp, lanes...);
      (lanes.store_unaligned(at), ...);
    };
    apply(Batch<T>::load_unaligned(gradient), Batch<T>::load_unaligned(at)...);
  };
  Index i = 0;
  for (; i + width <= n; i += width) whole(g + i, state + i...);
  if (i == n) return;
  struct Lanes {
    T values[width] = {};
    Lanes(const T* from, Index count) {
      for (Index k = 0; k < count; ++k) values[k] = from[k];
    }
  };
  const Index rest = n - i;
  const Lanes gradient(g + i, rest);
  const auto partial = [&](auto... lanes) {
    whole(gradient.values, lanes.values...);
    const auto put_back = [&](const Lanes& from, T* to) {
      for (Index k = 0; k < rest; ++k) to[k] = from.values[k];
    };
    (put_back(lanes, state + i), ...);
  };
  partial(Lanes(state + i, rest)...);
}

// The sums are spelled as fma, so that the bits do not depend on what the compiler contracts.
template <class L, class T>
struct Steps {
  using B = Batch<T>;

  static void sgd(const SgdStep<T>& step, const T* g, T* p, Index n) {
    update<L>(
        n,
        [lr = B(-step.lr), decay = B(step.weight_decay)](B dp, B& w) {
          w = xsimd::fma(lr, xsimd::fma(decay, w, dp), w);
        },
        g, p);
  }

  static void sgd_momentum(const SgdStep<T>& step, const T* g, T* p, T* v, Index n) {
    const B lr(-step.lr), decay(step.weight_decay), momentum(step.momentum);
    if (step.nesterov) {
      update<L>(
          n,
          [=](B dp, B& w, B& velocity) {
            dp = xsimd::fma(decay, w, dp);
            velocity = xsimd::fma(momentum, velocity, dp);
            w = xsimd::fma(lr, xsimd::fma(momentum, velocity, dp), w);
          },
          g, p, v);
    } else {
      update<L>(
          n,
          [=](B dp, B& w, B& velocity) {
            velocity = xsimd::fma(momentum, velocity, xsimd::fma(decay, w, dp));
            w = xsimd::fma(lr, velocity, w);
          },
          g, p, v);
    }
  }

  static void adam(const AdamStep<T>& step, const T* g, T* p, T* m, T* s, Index n) {
    const B step_size(-step.step_size), decay(-step.decay), weight_decay(step.weight_decay);
    const B one_minus_beta1(step.one_minus_beta1);
    const B beta2(step.beta2), one_minus_beta2(step.one_minus_beta2);
    const B denominator_scale(step.denominator_scale), eps(step.eps);
    update<L>(
        n,
        [=](B dp, B& w, B& mean, B& square) {
          dp = xsimd::fma(weight_decay, w, dp);
          w = xsimd::fma(decay, w, w);
          mean = xsimd::fma(one_minus_beta1, dp - mean, mean);
          square = xsimd::fma(beta2, square, one_minus_beta2 * dp * dp);
          const B denominator = xsimd::fma(xsimd::sqrt(square), denominator_scale, eps);
          w = xsimd::fma(step_size, mean / denominator, w);
        },
        g, p, m, s);
  }

  static void scale(T factor, T* x, Index n) {
    map<L>(
        n, x, [factor = B(factor)](B v) { return v * factor; }, x);
  }

  static void clamp(T bound, T* x, Index n) {
    map<L>(
        n, x,
        [high = B(bound), low = B(-bound)](B v) {
          return xsimd::select(v > high, high, xsimd::select(v < low, low, v));
        },
        x);
  }

  // Sixteen partial sums, whatever the vector width.
  static double sum_of_squares(const T* x, Index n) {
    constexpr Index lanes = 16;
    double sums[lanes] = {};
    Index i = 0;
    for (; i + lanes <= n; i += lanes)
      for (Index k = 0; k < lanes; ++k) {
        const auto value = static_cast<double>(x[i + k]);
        sums[k] += value * value;
      }
    for (Index k = 0; i + k < n; ++k) {
      const auto value = static_cast<double>(x[i + k]);
      sums[k] += value * value;
    }
    double total = 0;
    for (const double sum : sums) total += sum;
    return total;
  }
};

}  // namespace

template <class L, class T>
OptimizerLoops<T> optimizer_loops() {
  using S = Steps<L, T>;
  return {.sgd = S::sgd,
          .sgd_momentum = S::sgd_momentum,
          .adam = S::adam,
          .scale = S::scale,
          .clamp = S::clamp,
          .sum_of_squares = S::sum_of_squares};
}

template OptimizerLoops<float> optimizer_loops<Level, float>();
template OptimizerLoops<double> optimizer_loops<Level, double>();

}  // namespace xgrad::kernels
