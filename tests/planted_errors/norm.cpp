#include <cmath>

#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

namespace {

// The parts of dx = gamma inv (dy - mean(dy) - xhat mean(dy xhat)), for x [B, C].
struct Parts {
  Var mean, inv, xhat, gamma, mean_dy, mean_dy_xhat;
};

Parts parts(const BackwardCall& b) {
  Parts p;
  p.mean = mean(b.in[0], 0, true);
  const Var centred = b.in[0] - p.mean;
  p.inv = 1.0 /
          sqrt(mean(centred * centred, 0, true) + b.options<samples::BatchNormCase>().options.eps);
  p.xhat = centred * p.inv;
  p.gamma = b.in[1];
  p.mean_dy = mean(b.dy, 0, true);
  p.mean_dy_xhat = mean(b.dy * p.xhat, 0, true);
  return p;
}

// xhat of an image in training, with the statistics taken for constants where a flag says so.
Var normalised(const Var& x, bool constant_mean, bool constant_deviation) {
  const Axes pixels{0, 1, 2};
  Var centre = mean(x, pixels, true);
  const Var off = x - centre;
  Var deviation = sqrt(mean(off * off, pixels, true) + 1e-5);
  if (constant_mean) centre = centre.detach();
  if (constant_deviation) deviation = deviation.detach();
  return (x - centre) / deviation;
}

// The backward of max_pool2d(batch_norm(x), 2), with such mistakes.
Vars pooled(const BackwardCall& b, bool constant_mean, bool constant_deviation, double sign = 1) {
  return gradients(
      [=](const Vars& in) {
        const Var y = normalised(in[0], constant_mean, constant_deviation) * in[1] + in[2];
        return sign * max_pool2d(sign * y, 2);
      },
      b.in, b.dy);
}

}  // namespace

std::vector<PlantedError> norm() {
  constexpr const char* matrix = "columns of a matrix";
  constexpr const char* windows = "2x2";
  return {
      {"batch_norm", matrix, "dx: without mean(dy), the path through the mean", "mean|averaged",
       [](BackwardCall& b) {
         const Parts p = parts(b);
         b.dx[0] = p.gamma * p.inv * (b.dy - p.xhat * p.mean_dy_xhat);
       }},
      {"batch_norm", matrix, "dx: without xhat mean(dy xhat), the path through the variance",
       "variance path",
       [](BackwardCall& b) {
         const Parts p = parts(b);
         b.dx[0] = p.gamma * p.inv * (b.dy - p.mean_dy);
       }},
      {"batch_norm", matrix, "dx: the batch's statistics taken for constants", "",
       [](BackwardCall& b) {
         const Parts p = parts(b);
         b.dx[0] = p.gamma * p.inv * b.dy;
       }},
      {"batch_norm", matrix, "dx: by the unbiased variance", "factor",
       [](BackwardCall& b) { b.dx[0] = b.dx[0] * std::sqrt(6.0 / 7.0); }},
      {"batch_norm", matrix, "dx: by the running variance", "scale along",
       [](BackwardCall& b) {
         const auto& [options, stats] = b.options<samples::BatchNormCase>();
         b.dx[0] = b.dx[0] / parts(b).inv / sqrt(Var(stats.running_var) + options.eps);
       }},
      {"batch_norm", matrix, "dx: gamma forgotten", "scale along",
       [](BackwardCall& b) { b.dx[0] = b.dx[0] / b.in[1]; }},
      {"batch_norm", matrix, "dx: 1 / var in place of 1 / sqrt(var)", "scale along",
       [](BackwardCall& b) { b.dx[0] = b.dx[0] * parts(b).inv; }},
      {"batch_norm", matrix, "dgamma: y in place of xhat", "",
       [](BackwardCall& b) { b.dx[1] = sum(b.dy * b.y, 0); }},
      {"batch_norm", matrix, "dgamma: x in place of xhat", "",
       [](BackwardCall& b) { b.dx[1] = sum(b.dy * b.in[0], 0); }},
      {"batch_norm", matrix, "dbeta: averaged over the batch", "factor",
       [](BackwardCall& b) { b.dx[2] = b.dx[2] / 7.0; }},
      {"batch_norm", matrix, "dgamma and dbeta exchanged", "",
       [](BackwardCall& b) { std::swap(b.dx[1], b.dx[2]); }},
      {"batch_norm", "images", "dx: the means per image", "",
       [](BackwardCall& b) {
         const Axes pixels{1, 2}, all{0, 1, 2};
         const Var centred = b.in[0] - mean(b.in[0], all, true);
         const Var inv = 1.0 / sqrt(mean(centred * centred, all, true) + 1e-5);
         const Var xhat = centred * inv;
         b.dx[0] = b.in[1] * inv *
                   (b.dy - mean(b.dy, pixels, true) - xhat * mean(b.dy * xhat, pixels, true));
       }},
      {"batch_norm", "images", "dbeta: one image too few", "not accumulated",
       [](BackwardCall& b) { b.dx[2] = b.backward(2, without(b.dy, 0, 1)); }},
      {"batch_norm", "sequences, large eps", "dx: eps forgotten", "",
       [](BackwardCall& b) {
         const Axes all{0, 1};
         const Var centred = b.in[0] - mean(b.in[0], all, true);
         const Var inv = 1.0 / sqrt(mean(centred * centred, all, true));
         const Var xhat = centred * inv;
         b.dx[0] =
             b.in[1] * inv * (b.dy - mean(b.dy, all, true) - xhat * mean(b.dy * xhat, all, true));
       }},
      {"batch_norm", "evaluation", "dx: the batch's means taken off as in training",
       "mean|averaged",
       [](BackwardCall& b) {
         b.dx[0] = b.dx[0] - mean(b.dx[0], {0, 1, 2}, true);
       }},
      {"batch_norm", "several chunks", "dgamma: the last rows' part left out", "not accumulated",
       [](BackwardCall& b) {
         b.dx[1] = b.backward(1, pad(slice(b.dy, 0, 0, 128), {{0, 2}, {0, 0}}));
       }},
      {"batch_norm", "several chunks", "dx: one channel with the factor of the next",
       "all with index 3 on axis 1",
       [](BackwardCall& b) {
         const Var wrong = b.dx[0] * at(b.in[1], 0, 4) / at(b.in[1], 0, 3);
         b.dx[0] = without(b.dx[0], 1, 3) + only(wrong, 1, 3);
       }},
      {"batch_norm_max_pool2d", windows, "dx: without the path through the mean", "",
       [](BackwardCall& b) { b.dx[0] = pooled(b, true, false)[0]; }},
      {"batch_norm_max_pool2d", windows, "dx: without the path through the variance", "",
       [](BackwardCall& b) { b.dx[0] = pooled(b, false, true)[0]; }},
      {"batch_norm_max_pool2d", windows, "dx: the batch's statistics taken for constants", "",
       [](BackwardCall& b) { b.dx[0] = pooled(b, true, true)[0]; }},
      {"batch_norm_max_pool2d", windows, "dx and dgamma: those of the smallest of each window", "",
       [](BackwardCall& b) {
         const Vars smallest = pooled(b, false, false, -1);
         b.dx[0] = smallest[0];
         b.dx[1] = smallest[1];
       }},
      {"batch_norm_max_pool2d", windows, "dx: gamma forgotten", "scale along",
       [](BackwardCall& b) { b.dx[0] = b.dx[0] / b.in[1]; }},
      {"batch_norm_max_pool2d", windows, "dbeta: one image too few", "not accumulated",
       [](BackwardCall& b) { b.dx[2] = b.backward(2, without(b.dy, 0, 1)); }},
  };
}

}  // namespace planted
