#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/reduce.hpp>

namespace xgrad::kernels {
namespace {

// The elements to be summed, from some element on: x, or x y.
template <class T>
struct Elements {
  const T* x;
  Elements operator+(Index offset) const { return {x + offset}; }
  double operator[](Index i) const { return static_cast<double>(x[i]); }
};
template <class T>
struct Products {
  const T *x, *y;
  Products operator+(Index offset) const { return {x + offset, y + offset}; }
  double operator[](Index i) const { return static_cast<double>(x[i]) * static_cast<double>(y[i]); }
};

// sums[c] += the column sums. Four rows at a time, so that the sums are loaded and stored once for
// four additions.
template <class L, class Source>
void add_rows(Source x, Index rows, Index cols, Index stride, double* __restrict sums) {
  Index r = 0;
  for (; r + 4 <= rows; r += 4) {
    const Source x0 = x + r * stride, x1 = x0 + stride, x2 = x1 + stride, x3 = x2 + stride;
    for (Index c = 0; c < cols; ++c) sums[c] += (x0[c] + x1[c]) + (x2[c] + x3[c]);
  }
  for (; r < rows; ++r) {
    const Source row = x + r * stride;
    for (Index c = 0; c < cols; ++c) sums[c] += row[c];
  }
}

// Narrow matrices are summed as if several rows were one, so that there are long loops over
// columns.
template <class L, class T, class Source>
void column_sum(Source x, Index rows, Index cols, Index stride, double* out) {
  constexpr Index wide = 64;
  const Index folds = stride == cols && cols < wide ? wide / cols : 1;
  alignas(64) double sums[ReduceLoops<T>::max_columns];
  for (Index c = 0; c < folds * cols; ++c) sums[c] = 0;
  const Index whole = rows / folds;
  add_rows<L>(x, whole, folds * cols, folds * stride, sums);
  add_rows<L>(x + whole * folds * stride, rows - whole * folds, cols, stride, sums);
  for (Index fold = 1; fold < folds; ++fold)
    for (Index c = 0; c < cols; ++c) sums[c] += sums[fold * cols + c];
  for (Index c = 0; c < cols; ++c) out[c] = sums[c];
}

template <class L, class Source>
void row_sum(Source x, Index rows, Index cols, Index stride, double* out) {
  constexpr Index lanes = 32;
  for (Index r = 0; r < rows; ++r, x = x + stride) {
    double total = 0;
    Index c = 0;
    if (cols >= lanes) {
      double sums[lanes] = {};
      for (; c + lanes <= cols; c += lanes)
        for (Index k = 0; k < lanes; ++k) sums[k] += x[c + k];
      for (Index half = lanes / 2; half > 0; half /= 2)
        for (Index k = 0; k < half; ++k) sums[k] += sums[k + half];
      total = sums[0];
    }
    for (; c < cols; ++c) total += x[c];
    out[r] = total;
  }
}

}  // namespace

template <class L, class T>
ReduceLoops<T> reduce_loops() {
  return {
      .column_sum = [](const T* x, Index rows, Index cols, Index stride,
                       double* out) { column_sum<L, T>(Elements<T>{x}, rows, cols, stride, out); },
      .column_sum_of_product =
          [](const T* x, const T* y, Index rows, Index cols, Index stride, double* out) {
            column_sum<L, T>(Products<T>{x, y}, rows, cols, stride, out);
          },
      .row_sum = [](const T* x, Index rows, Index cols, Index stride,
                    double* out) { row_sum<L>(Elements<T>{x}, rows, cols, stride, out); },
      .row_sum_of_product =
          [](const T* x, const T* y, Index rows, Index cols, Index stride, double* out) {
            row_sum<L>(Products<T>{x, y}, rows, cols, stride, out);
          },
  };
}

template ReduceLoops<float> reduce_loops<Level, float>();
template ReduceLoops<double> reduce_loops<Level, double>();

}  // namespace xgrad::kernels
