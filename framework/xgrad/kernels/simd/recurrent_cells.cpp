#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/recurrent_cells.hpp>

#include <algorithm>
#include <type_traits>

namespace xgrad::kernels {
namespace {

// The lanes j, j+1, ... of the vectors of a row, `count` of them: all but at the row's end.
template <class T>
class Lanes {
  using B = Batch<T>;
  static constexpr Index width = static_cast<Index>(B::size);

 public:
  Lanes(Index begin, Index count) : begin_(begin), count_(count) {}

  B load(const T* row) const {
    if (count_ == width) return B::load_unaligned(row + begin_);
    alignas(64) T lanes[width] = {};
    std::copy_n(row + begin_, count_, lanes);
    return B::load_aligned(lanes);
  }
  B load_or_zero(const T* row) const { return row == nullptr ? B(T(0)) : load(row); }
  void store(T* row, const B& values) const {
    if (count_ == width) return values.store_unaligned(row + begin_);
    alignas(64) T lanes[width];
    values.store_aligned(lanes);
    std::copy_n(lanes, count_, row + begin_);
  }

 private:
  Index begin_, count_;
};

// f(lanes) for all lanes of a row.
template <class T, class F>
void for_lanes(Index n, F f) {
  constexpr Index width = static_cast<Index>(Batch<T>::size);
  Index i = 0;
  for (; i + width <= n; i += width) f(Lanes<T>(i, width));
  if (i < n) f(Lanes<T>(i, n - i));
}

// n / d. Gates spend most of their time dividing; on AVX-512 an estimate of 14 bits and one Newton
// step give the quotient to an ulp or two in a third of the time.
template <class B>
B quotient(const B& n, const B& d) {
  if constexpr (std::is_same_v<Level, Avx512> && std::is_same_v<typename B::value_type, float>) {
    const B r = xsimd::reciprocal(d);
    return n * fused_multiply_add(r, fused_multiply_add(-d, r, B(1)), r);
  } else {
    return n / d;
  }
}

// Float: the rational minimax approximation that Eigen uses (generic_fast_tanh_float), good to a
// few ulps and without branches. Beyond the clamp tanh is 1 in float, to the bit: or a gate that is
// saturated would let a gradient through. Where that is depends on the rounding of fma.
inline Batch<float> tanh(const Batch<float>& x) {
  using B = Batch<float>;
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  const B limit(7.99881172180175781F);
#else
  const B limit(7.90531110763549805F);
#endif
  // In this order of operands a NaN stays one.
  const B a = xsimd::min(limit, xsimd::max(-limit, x));
  const B s = a * a;
  B n(-2.76076847742355e-16F);
  for (const float coefficient :
       {2.00018790482477e-13F, -8.60467152213735e-11F, 5.12229709037114e-08F, 1.48572235717979e-05F,
        6.37261928875436e-04F, 4.89352455891786e-03F})
    n = fused_multiply_add(n, s, B(coefficient));
  B d(1.19825839466702e-06F);
  for (const float coefficient :
       {1.18534705686654e-04F, 2.26843463243900e-03F, 4.89352518554385e-03F})
    d = fused_multiply_add(d, s, B(coefficient));
  return quotient(a * n, d);
}

inline Batch<double> tanh(const Batch<double>& x) { return xsimd::tanh(x); }

template <class B>
B sigmoid(const B& x) {
  const B half(0.5F);
  return fused_multiply_add(half, tanh(half * x), half);
}

// y = tanh(a) or max(a, 0). Of a NaN and a number, max gives its second operand.
template <class L, class T, Cell cell>
void rnn_forward(const CellForward<T>& row, Index hidden) {
  using B = Batch<T>;
  for_lanes<T>(hidden, [&](Lanes<T> j) {
    const B a = j.load(row.gates);
    const B y = cell == Cell::rnn_tanh ? tanh(a) : xsimd::max(B(T(0)), a);
    j.store(row.output, y);
    j.store(row.h, y);
  });
}

// da = dy (1 - y^2), or dy where y > 0
template <class L, class T, Cell cell>
void rnn_backward(const CellBackward<T>& row, Index hidden) {
  using B = Batch<T>;
  for_lanes<T>(hidden, [&](Lanes<T> j) {
    const B y = j.load(row.output), dy = j.load(row.dh) + j.load_or_zero(row.dy);
    j.store(row.dgates,
            cell == Cell::rnn_tanh ? dy * (B(1) - y * y) : xsimd::select(y > B(T(0)), dy, B(T(0))));
  });
}

// i, f, o = sigmoid(..), g = tanh(..); c' = f c + i g; h' = o tanh(c')
template <class L, class T>
void lstm_forward(const CellForward<T>& row, Index hidden) {
  using B = Batch<T>;
  T *const pi = row.gates, *const pf = pi + hidden, *const pg = pf + hidden,
           *const po = pg + hidden;
  for_lanes<T>(hidden, [&](Lanes<T> j) {
    const B i = sigmoid(j.load(pi)), f = sigmoid(j.load(pf)), g = tanh(j.load(pg)),
            o = sigmoid(j.load(po));
    const B c = f * j.load(row.c) + i * g;
    const B h = o * tanh(c);
    j.store(pi, i);
    j.store(pf, f);
    j.store(pg, g);
    j.store(po, o);
    j.store(row.inner, c);
    j.store(row.c, c);
    j.store(row.output, h);
    j.store(row.h, h);
  });
}

// dc' += dh' o (1 - tanh(c')^2); dc = dc' f; di = dc' g i (1 - i), df = dc' c f (1 - f),
// dg = dc' i (1 - g^2), do = dh' tanh(c') o (1 - o)
template <class L, class T>
void lstm_backward(const CellBackward<T>& row, Index hidden) {
  using B = Batch<T>;
  const B one(1);
  for_lanes<T>(hidden, [&](Lanes<T> j) {
    const B i = j.load(row.gates), f = j.load(row.gates + hidden),
            g = j.load(row.gates + 2 * hidden), o = j.load(row.gates + 3 * hidden);
    // Computed again rather than kept: it costs less than its way through memory.
    const B tanh_c = tanh(j.load(row.inner));
    const B dh = j.load(row.dh) + j.load_or_zero(row.dy);
    const B dc = j.load(row.dc) + dh * o * (one - tanh_c * tanh_c);
    j.store(row.dgates, dc * g * i * (one - i));
    j.store(row.dgates + hidden, dc * j.load(row.before) * f * (one - f));
    j.store(row.dgates + 2 * hidden, dc * i * (one - g * g));
    j.store(row.dgates + 3 * hidden, dh * tanh_c * o * (one - o));
    j.store(row.dc, dc * f);
  });
}

// r, z = sigmoid(..); n = tanh(a_n + r inner); h' = (1 - z) n + z h
template <class L, class T>
void gru_forward(const CellForward<T>& row, Index hidden) {
  using B = Batch<T>;
  T *const pr = row.gates, *const pz = pr + hidden, *const pn = pz + hidden;
  for_lanes<T>(hidden, [&](Lanes<T> j) {
    const B r = sigmoid(j.load(pr)), z = sigmoid(j.load(pz));
    const B n = tanh(j.load(pn) + r * j.load(row.inner));
    const B h = n + z * (j.load(row.h) - n);
    j.store(pr, r);
    j.store(pz, z);
    j.store(pn, n);
    j.store(row.output, h);
    j.store(row.h, h);
  });
}

// da_n = dh' (1 - z) (1 - n^2); dinner = da_n r; dr = da_n inner r (1 - r);
// dz = dh' (h - n) z (1 - z); past the weights: dh = dh' z
template <class L, class T>
void gru_backward(const CellBackward<T>& row, Index hidden) {
  using B = Batch<T>;
  const B one(1);
  for_lanes<T>(hidden, [&](Lanes<T> j) {
    const B r = j.load(row.gates), z = j.load(row.gates + hidden),
            n = j.load(row.gates + 2 * hidden);
    const B dh = j.load(row.dh) + j.load_or_zero(row.dy);
    const B dn = dh * (one - z) * (one - n * n);
    j.store(row.dgates, dn * j.load(row.inner) * r * (one - r));
    j.store(row.dgates + hidden, dh * (j.load(row.before) - n) * z * (one - z));
    j.store(row.dgates + 2 * hidden, dn);
    j.store(row.dinner, dn * r);
    j.store(row.dh, dh * z);
  });
}

}  // namespace

template <class L, class T>
CellLoops<T> cell_loops(Cell cell) {
  switch (cell) {
    case Cell::rnn_tanh:
      return {rnn_forward<L, T, Cell::rnn_tanh>, rnn_backward<L, T, Cell::rnn_tanh>};
    case Cell::rnn_relu:
      return {rnn_forward<L, T, Cell::rnn_relu>, rnn_backward<L, T, Cell::rnn_relu>};
    case Cell::lstm:
      return {lstm_forward<L, T>, lstm_backward<L, T>};
    case Cell::gru:
      break;
  }
  return {gru_forward<L, T>, gru_backward<L, T>};
}

template CellLoops<float> cell_loops<Level, float>(Cell);
template CellLoops<double> cell_loops<Level, double>(Cell);

}  // namespace xgrad::kernels
